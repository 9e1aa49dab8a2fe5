"""Operations: what became of a start or a stop, and who or what caused one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from manager.adapters.gce import errors
from manager.adapters.gce.api import Json
from manager.adapters.gce.calls import Calls
from manager.adapters.gce.observing import moment
from manager.domain.box import Operation, Place
from manager.domain.errors import NoSuchResource

_PAGE = 100
# Google keeps operations for 14 days; more pages than these for one VM would be no history but a fault.
_PAGES = 10


def operation(body: Mapping[str, Any], place: Place, now: datetime, endpoint: str = "") -> Operation:
    """An operation in the domain's words. DONE includes failure, also where no HTTP code tells of it.

    `now` stands in for the moment where the answer has none.
    """
    told = (body.get(key) for key in ("insertTime", "creationTimestamp", "startTime", "endTime"))
    error = errors.from_operation(body, place, endpoint)
    return Operation(
        name=str(body.get("name", "")),
        kind=str(body.get("operationType", "")),
        done=body.get("status") == "DONE",
        at=next((at for at in map(moment, told) if at is not None), now),
        fault=error.fault if error else None,
        user=body.get("user"),
    )


async def get(calls: Calls, place: Place, name: str, now: datetime) -> Operation | None:
    """Read an operation; None where the cloud has forgotten it."""
    deadline = await calls.within(calls.limits.read)
    request = {"project": place.project, "zone": place.zone, "operation": name}
    try:
        body = await calls.read("zoneOperations.get", request, place, deadline)
    except NoSuchResource as error:
        if error.data["kind"] in ("project", "zone"):
            raise
        return None
    return operation(body, place, now, calls.endpoint)


async def find(calls: Calls, place: Place, request_id: str, now: datetime) -> Operation | None:
    """The operation that a request id led to, which carries it as `clientOperationId`."""
    deadline = await calls.within(calls.limits.read)
    request = _listing(place, f'clientOperationId = "{request_id}"')
    page = await calls.read("zoneOperations.list", request, place, deadline)
    found = [body for body in page.get("items", []) if body.get("clientOperationId") == request_id]
    return operation(found[0], place, now, calls.endpoint) if found else None


async def recent(calls: Calls, place: Place, since: datetime, now: datetime) -> Sequence[Operation]:
    """Operations on this VM since then, newest first."""
    deadline = await calls.within(calls.limits.read)
    tail = f"/zones/{place.zone}/instances/{place.instance}"
    # `eq` takes a regular expression; the link's host and project may be written in more than one way.
    request = _listing(place, f'targetLink eq ".*{tail}"')
    seen: list[Operation] = []
    for _ in range(_PAGES):
        page = await calls.read("zoneOperations.list", request, place, deadline)
        bodies: list[Json] = page.get("items", [])
        mine = [body for body in bodies if str(body.get("targetLink", "")).endswith(tail)]
        seen += [operation(body, place, now, calls.endpoint) for body in mine]
        over = bool(seen) and seen[-1].at < since
        if over or not (token := page.get("nextPageToken")):
            break
        request["pageToken"] = token
    return sorted((each for each in seen if each.at >= since), key=lambda each: each.at, reverse=True)


def _listing(place: Place, condition: str) -> Json:
    return {
        "project": place.project,
        "zone": place.zone,
        "filter": condition,
        "orderBy": "creationTimestamp desc",
        "maxResults": _PAGE,
    }
