"""Google's own backstop: the run limit and what goes with it. Can be set only while the VM is TERMINATED."""

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from manager.adapters.gce import observing
from manager.adapters.gce.api import Json
from manager.adapters.gce.calls import Calls
from manager.domain.box import Place, Scheduling
from manager.domain.errors import Conflict


async def write(calls: Calls, place: Place, wanted: Scheduling) -> None:
    """Set it, see it through, and read it again: what does not stand is a Conflict."""
    deadline = await calls.within(calls.limits.see_through)
    where = {"project": place.project, "zone": place.zone, "instance": place.instance}
    instance = await calls.read("instances.get", where, place, deadline)
    if _fits(instance, wanted):
        return
    body = merged(instance.get("scheduling", {}), wanted)
    request = where | {"schedulingResource": body}
    operation = await calls.write("instances.setScheduling", request, place, deadline)
    await calls.see_through(operation, place, deadline)
    if not _fits(await calls.read("instances.get", where, place, deadline), wanted):
        raise Conflict(detail="The scheduling that was set does not stand.")


def merged(current: Mapping[str, Any], wanted: Scheduling) -> Json:
    """The scheduling to write: how the VM is provisioned stays, the backstop is as wanted."""
    body: Json = {
        **current,
        "automaticRestart": wanted.automatic_restart,
        "onHostMaintenance": wanted.on_host_maintenance,
    }
    # An end at a fixed moment and a run limit exclude each other.
    for key in ("terminationTime", "maxRunDuration", "instanceTerminationAction"):
        body.pop(key, None)
    if current.get("provisioningModel") == "SPOT":
        # Also what is done with it when it is preempted.
        body["instanceTerminationAction"] = wanted.termination_action
    return body | run_limit(wanted.max_run, wanted.termination_action)


def run_limit(max_run: timedelta | None, action: str) -> Json:
    """The run limit in Google's words; without one the action at its end has no place."""
    if max_run is None:
        return {}
    seconds = math.ceil(max_run.total_seconds())
    return {"maxRunDuration": {"seconds": str(seconds)}, "instanceTerminationAction": action}


def _fits(instance: Json, wanted: Scheduling) -> bool:
    setting: Json = instance.get("scheduling", {})
    stands = observing.scheduling(setting)
    # Without a run limit there is nothing at whose end to act, but a spot VM is acted on when it is preempted.
    acts = wanted.max_run is not None or setting.get("provisioningModel") == "SPOT"
    return (
        stands.automatic_restart == wanted.automatic_restart
        and stands.on_host_maintenance == wanted.on_host_maintenance
        and stands.max_run == wanted.max_run
        and (not acts or stands.termination_action == wanted.termination_action)
    )
