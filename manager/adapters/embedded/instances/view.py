"""An instance as Google writes it at a moment."""

import copy

from manager.adapters.embedded.clock import rfc3339
from manager.adapters.embedded.instances.document import status
from manager.adapters.embedded.links import link
from manager.adapters.embedded.store import Json, parts
from manager.adapters.embedded.timeline import loaded, past, reached

_ADDRESSED = frozenset({"STAGING", "RUNNING", "STOPPING", "REPAIRING"})


def render(body: Json, now: float) -> Json:
    """Answer the resource at `now`: what was set, and what time has made of it."""
    timeline = loaded(body["timeline"])
    told = status(body, now)
    shown = copy.deepcopy(body["resource"])
    zone = link("projects", body["project"], "zones", body["zone"])
    shown |= {
        "kind": "compute#instance",
        "id": body["id"],
        "name": body["name"],
        "zone": zone,
        "selfLink": f"{zone}/instances/{body['name']}",
        "status": told,
        "resourceStatus": {"scheduling": {}},
    }
    for name, turned in (("lastStartTimestamp", "PROVISIONING"), ("lastStopTimestamp", "TERMINATED")):
        at = reached(past(timeline, now), turned)
        if at is None:
            at = body.get(name)
        if at is not None:
            shown[name] = rfc3339(at)
    if told == "RUNNING" and body.get("terminates") is not None:
        shown["resourceStatus"]["scheduling"]["terminationTimestamp"] = rfc3339(body["terminates"])
    if told in _ADDRESSED and body.get("address"):
        _show_address(shown, body["address"])
    return shown


def _show_address(shown: Json, address: str) -> None:
    """An ephemeral address is there from STAGING on, and gone with the stop."""
    for nic in shown["networkInterfaces"]:
        for config in parts(nic, "accessConfigs"):
            config.setdefault("natIP", address)
