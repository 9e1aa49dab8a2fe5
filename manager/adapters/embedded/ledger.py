"""The ledger: in which intervals each instance was billed, and how often it really started.

Runs that are over are kept as closed intervals, also of instances that are deleted; the present run is read off
the instance's timeline. So the ledger can never say anything else than the status did.
"""

from manager.adapters.embedded.clock import rfc3339
from manager.adapters.embedded.cloud import Cloud
from manager.adapters.embedded.store import Json
from manager.adapters.embedded.timeline import billed, boots, loaded


def archive(cloud: Cloud, instance: Json, now: float) -> None:
    """Close the books on an instance's present timeline, before it is replaced."""
    timeline = loaded(instance["timeline"])
    page = _page(cloud, instance)
    page["intervals"] += [list(interval) for interval in billed(timeline, now)]
    page["starts"] += boots(timeline, now)
    cloud.store.put("ledger", instance["id"], page)


def _page(cloud: Cloud, instance: Json) -> Json:
    fresh: Json = {name: instance[name] for name in ("project", "zone", "name", "id")}
    return cloud.store.get("ledger", instance["id"]) or fresh | {"intervals": [], "starts": 0}


def pages(cloud: Cloud, now: float) -> list[Json]:
    """Answer `{project, zone, name, id, starts, seconds, billing, intervals: [{from, to}]}` per instance.

    Times are RFC 3339; `to` is null while the instance bills. Deleted instances are included.
    """
    live = {body["id"]: body for body in cloud.store.all("instance")}
    known = {page["id"]: page for page in cloud.store.all("ledger")}
    known |= {number: _page(cloud, body) for number, body in live.items()}
    return [_shown(page, live.get(number), now) for number, page in sorted(known.items())]


def _shown(page: Json, instance: Json | None, now: float) -> Json:
    intervals: list[list[float | None]] = list(page["intervals"])
    starts = int(page["starts"])
    if instance is not None:
        timeline = loaded(instance["timeline"])
        intervals += [list(interval) for interval in billed(timeline, now)]
        starts += boots(timeline, now)
    return page | {
        "starts": starts,
        "seconds": sum((now if to is None else to) - (begin or 0) for begin, to in intervals),
        "billing": any(to is None for _, to in intervals),
        "intervals": [
            {"from": rfc3339(begin or 0), "to": None if to is None else rfc3339(to)} for begin, to in intervals
        ],
    }
