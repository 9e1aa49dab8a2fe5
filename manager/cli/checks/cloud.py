"""At the cloud: does it answer, does it know us, is everything there that the settings name."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from manager.adapters.gce import GceCloud
from manager.cli.checks.finding import Finding, failed, good, note, skipped, wrong
from manager.cli.reach import Reached
from manager.domain.box import Place
from manager.domain.errors import (
    ApiDisabled,
    BadCredentials,
    BillingDisabled,
    CloudError,
    NoSuchResource,
    PermissionMissing,
)

Json = dict[str, Any]

_GOOGLE = "https://compute.googleapis.com"
_OFF_S, _TOO_FAR_OFF_S = 10, 60
# In the order in which a request fails on them.
_CHAIN = ("cloud", "credentials", "API", "project", "zone", "instance")


async def clock(endpoint: str | None, now: datetime) -> Finding:
    """How far this computer's clock is off, by the date that the cloud sends with every answer."""
    url = endpoint or _GOOGLE
    try:
        async with httpx.AsyncClient(timeout=10, trust_env=url.startswith("https")) as web:
            answer = await web.head(url)
        theirs = parsedate_to_datetime(answer.headers["date"])
    except (httpx.HTTPError, KeyError, ValueError):
        return skipped("clock", "untold", url=url)
    return skew((now - theirs).total_seconds())


def skew(seconds: float) -> Finding:
    """What a difference means; the date is told in whole seconds."""
    off = abs(round(seconds))
    if off < _OFF_S:
        return good("clock", "well")
    judged = wrong if off >= _TOO_FAR_OFF_S else note
    return judged("clock", "ahead" if seconds > 0 else "behind", seconds=off)


async def instance(cloud: GceCloud, place: Place) -> tuple[Json | None, list[Finding]]:
    """The VM as the cloud describes it, and what reading it has shown on the way there."""
    calls = cloud.calls
    where = {"project": place.project, "zone": place.zone, "instance": place.instance}
    try:
        deadline = await calls.within(calls.limits.read)
        found = await calls.read("instances.get", where, place, deadline)
    except CloudError as error:
        return None, list(_broken(error, place, calls.endpoint))
    return found, [_well(check, place, calls.endpoint) for check in _CHAIN]


async def permissions(reached: Reached, place: Place, *, on_gce: bool) -> AsyncIterator[Finding]:
    """Which rights on the VM are missing, as the cloud itself tells."""
    try:
        missing = await reached.builder.missing_permissions(place)
    except CloudError as error:
        # Other Compute Engines than Google's need not know about rights.
        own = on_gce and reached.endpoint is None
        yield failed("permissions", error) if own else skipped("permissions", "none_here")
        return
    for permission in missing:
        yield failed("permissions", PermissionMissing(permission=permission, resource=place.instance))
    if not missing:
        yield good("permissions", "well")


def _well(check: str, place: Place, endpoint: str) -> Finding:
    """A link of the chain that holds."""
    if check == "credentials" and endpoint.startswith("http://"):
        return good(check, "not_sent")
    return good(check, "well", endpoint=endpoint, **asdict(place))


def _broken(error: CloudError, place: Place, endpoint: str) -> Iterator[Finding]:
    """What stands before the broken link is well; what comes after it cannot be seen."""
    if isinstance(error, PermissionMissing):
        yield from (_well(check, place, endpoint) for check in ("cloud", "credentials", "API"))
        yield failed("instance", error)
        return
    at = _CHAIN.index(_link(error))
    for number, check in enumerate(_CHAIN):
        if number < at:
            yield _well(check, place, endpoint)
        elif number == at:
            yield failed(check, error)
        else:
            yield skipped(check, "unseen")


def _link(error: CloudError) -> str:
    match error:
        case BadCredentials():
            return "credentials"
        case ApiDisabled():
            return "API"
        case BillingDisabled():
            return "project"
        case NoSuchResource():
            kind = str(error.data.get("kind"))
            return kind if kind in ("project", "zone") else "instance"
        case _:
            return "cloud"
