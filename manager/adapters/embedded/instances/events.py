"""What befalls a machine from outside the API: `POST /_gpubox/machines/{instance}`."""

from manager.adapters.embedded.cloud import Cloud
from manager.adapters.embedded.errors import ApiError, not_ready
from manager.adapters.embedded.instances import power
from manager.adapters.embedded.instances.document import save, status
from manager.adapters.embedded.store import Json

_ENDS = {"poweroff": power.power_off, "preempt": power.preempt, "crash": power.host_error}
_CONDITIONS = {"hang": "hangs", "halt": "halts", "fill-disk": "disk-full", "wake": "ok"}


def befall(cloud: Cloud, body: Json, action: str, now: float) -> None:
    """Let something happen to a machine that runs; 400 where it does not run, or for an unknown action.

    poweroff: the guest shuts down. preempt: Google takes it back. crash: the host fails. hang: it answers nothing,
    and bills. halt: the guest is down, and bills. fill-disk: ComfyUI cannot start. wake: all is well again.
    """
    if action not in _ENDS and action not in _CONDITIONS:
        known = ", ".join([*_ENDS, *_CONDITIONS])
        raise ApiError(400, "invalid", f"Unknown action '{action}'; one of {known}.")
    if status(body, now) != "RUNNING":
        raise not_ready(body["path"])
    if action in _ENDS:
        _ENDS[action](cloud, body, now, now)
    else:
        body["guest"] = {"condition": _CONDITIONS[action], "since": now}
    save(cloud, body)
