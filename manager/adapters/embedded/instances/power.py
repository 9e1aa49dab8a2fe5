"""Switching on and off: by the API, by the run limit, by the guest and by the host."""

from manager.adapters.embedded import ledger, operations
from manager.adapters.embedded.call import Call
from manager.adapters.embedded.cloud import Cloud
from manager.adapters.embedded.errors import ApiError, not_ready
from manager.adapters.embedded.faults import GUEST
from manager.adapters.embedded.instances.document import accelerator, find, save, status
from manager.adapters.embedded.operations import Plan
from manager.adapters.embedded.store import Json, parts
from manager.adapters.embedded.timeline import (
    BRIEF,
    DELETING,
    GONE,
    PREEMPTING,
    PROVISIONING,
    REPAIRING,
    STAGING,
    STOPPING,
    loaded,
    next_turn,
    past,
    reached,
    starting,
    stopping,
)

_OFF = frozenset({"TERMINATED", "STOPPED"})


def start(cloud: Cloud, call: Call) -> Json:
    """instances.start; 400 resourceNotReady while it is stopping."""
    body = find(cloud, call)
    now = status(body, call.now)
    if now == "STOPPING":
        raise not_ready(body["path"])
    if now not in _OFF:
        return operations.record(cloud, call, Plan(_joined(cloud, body, now, call.now)), "start", body)
    outcome = operations.plan(cloud, call, PROVISIONING + STAGING, accelerator(body["resource"]))
    switch_on(cloud, call, body, outcome)
    return operations.record(cloud, call, outcome, "start", body)


def _joined(cloud: Cloud, body: Json, status_now: str, now: float) -> float | None:
    """When a start ends that found the instance starting, or on; None where the first one is stuck."""
    if status_now not in {"PROVISIONING", "STAGING"}:
        return now + cloud.pace.of(BRIEF)
    timeline = loaded(body["timeline"])
    on = reached(timeline, "RUNNING")
    return on if on is not None else next_turn(timeline, now)


def switch_on(cloud: Cloud, call: Call, body: Json, outcome: Plan) -> None:
    """Write down how a start goes, and save. An error leaves the instance as it was, after a try."""
    if body["timeline"]:
        ledger.archive(cloud, body, call.now)
        body["lastStopTimestamp"] = reached(loaded(body["timeline"]), "TERMINATED")
    if outcome.error:
        over = outcome.ends or call.now
        final = "TERMINATED" if body["timeline"] else GONE
        body["timeline"] = [(call.now, "PROVISIONING"), (over, final)]
    else:
        body |= {"timeline": starting(call.now, cloud.pace, delay=outcome.delay), "resets": 0}
        body["address"] = cloud.new_address() if _wants_address(body) else None
        body["guest"] = {"condition": "ok", "since": call.now}
        plan_limit(cloud, body)
        _plan_guest(cloud, call, body)
    save(cloud, body)


def _wants_address(body: Json) -> bool:
    configs = [config for nic in body["resource"]["networkInterfaces"] for config in parts(nic, "accessConfigs")]
    return any("natIP" not in config for config in configs)


def plan_limit(cloud: Cloud, body: Json) -> None:
    """Write down the stop that maxRunDuration asks for, counted from the last entry into RUNNING."""
    scheduling = body["resource"]["scheduling"]
    on = reached(loaded(body["timeline"]), "RUNNING")
    body["terminates"] = None
    if on is None or "maxRunDuration" not in scheduling:
        return
    ends = on + float(scheduling["maxRunDuration"].get("seconds", 0))
    final = GONE if scheduling.get("instanceTerminationAction") == "DELETE" else "TERMINATED"
    over = ends + cloud.pace.of(STOPPING)
    body["terminates"] = ends
    body["timeline"] = [*body["timeline"], (ends, "STOPPING"), (over, final)]
    operations.happen(cloud, "compute.instances.deferredStop", body, ends, over)


def _plan_guest(cloud: Cloud, call: Call, body: Json) -> None:
    fault = cloud.faults.take(GUEST, call.facts)
    on = reached(loaded(body["timeline"]), "RUNNING")
    if fault is None or on is None:
        return
    since = on + fault.seconds(0)
    if fault.kind in EVENTS:
        EVENTS[fault.kind](cloud, body, since, call.now)
    else:
        body["guest"] = {"condition": fault.kind, "since": since}


def stop(cloud: Cloud, call: Call) -> Json:
    """instances.stop; no error where the instance is stopped, and a second stop joins the first."""
    body = find(cloud, call)
    now = status(body, call.now)
    if now in _OFF:
        return operations.record(cloud, call, Plan(call.now), "stop", body)
    joined = next_turn(loaded(body["timeline"]), call.now)
    if now == "STOPPING" and joined is not None:
        return operations.record(cloud, call, Plan(joined), "stop", body)
    outcome = operations.plan(cloud, call, STOPPING)
    if outcome.error is None:
        operations.revise(cloud, body["id"], call.now)
        body |= {"timeline": stopping(loaded(body["timeline"]), call.now, outcome.ends), "terminates": None}
        save(cloud, body)
    return operations.record(cloud, call, outcome, "stop", body)


def delete(cloud: Cloud, call: Call) -> Json:
    """instances.delete; 400 where deletionProtection stands."""
    body = find(cloud, call)
    if body["resource"].get("deletionProtection"):
        message = "Resource cannot be deleted if it's protected against deletion."
        raise ApiError(400, "invalidResourceUsage", f"Invalid resource usage: '{message}'")
    outcome = operations.plan(cloud, call, DELETING)
    if outcome.error is None:
        operations.revise(cloud, body["id"], call.now)
        body["timeline"] = stopping(loaded(body["timeline"]), call.now, outcome.ends, GONE)
        save(cloud, body)
    return operations.record(cloud, call, outcome, "delete", body)


def reset(cloud: Cloud, call: Call) -> Json:
    """instances.reset: the machine boots anew, the instance stays RUNNING."""
    body = find(cloud, call)
    if status(body, call.now) != "RUNNING":
        raise not_ready(body["path"])
    outcome = operations.plan(cloud, call, BRIEF)
    if outcome.error is None:
        body |= {"resets": body["resets"] + 1, "guest": {"condition": "ok", "since": call.now}}
        save(cloud, body)
    return operations.record(cloud, call, outcome, "reset", body)


def _falls(cloud: Cloud, body: Json, cause: str, at: float, now: float, seconds: float) -> None:
    """The instance stops at `at` by a cause other than the API, and the operation list tells which."""
    operations.revise(cloud, body["id"], now)
    over = at + cloud.pace.of(seconds)
    body |= {"timeline": stopping(past(loaded(body["timeline"]), at), at, over)}
    operations.happen(cloud, cause, body, at, over)


def power_off(cloud: Cloud, body: Json, at: float, now: float) -> None:
    """The guest powered itself off: compute.instances.guestTerminate."""
    _falls(cloud, body, "compute.instances.guestTerminate", at, now, STOPPING / 3)


def preempt(cloud: Cloud, body: Json, at: float, now: float) -> None:
    """Google takes a spot machine back: compute.instances.preempted."""
    _falls(cloud, body, "compute.instances.preempted", at, now, PREEMPTING)


def host_error(cloud: Cloud, body: Json, at: float, now: float) -> None:
    """The host failed: with automaticRestart the instance comes back by itself, without it it stops."""
    cause = "compute.instances.hostError"
    if not body["resource"]["scheduling"].get("automaticRestart", True):
        _falls(cloud, body, cause, at, now, 0)
        return
    operations.revise(cloud, body["id"], now)
    over = at + cloud.pace.of(REPAIRING)
    body["timeline"] = [*past(loaded(body["timeline"]), at), (at, "REPAIRING"), (over, "RUNNING")]
    operations.happen(cloud, cause, body, at, over)
    plan_limit(cloud, body)


EVENTS = {"powers-off": power_off, "preempted": preempt, "host-error": host_error}
