"""Metadata is replaced as a whole and guarded by a fingerprint: read, merge, write; on 412 read and merge again."""

from collections.abc import Mapping
from typing import Any

from manager.adapters.gce import observing
from manager.adapters.gce.api import Json
from manager.adapters.gce.calls import Calls
from manager.domain.box import Place
from manager.domain.errors import Conflict

_TRIES = 6


async def write(calls: Calls, place: Place, values: Mapping[str, str]) -> None:
    """Merge `values` into the VM's metadata and see it through; nothing is written that is there already.

    A key with an empty value is taken out.

    Raises Conflict where somebody else changes it faster than it can be read.
    """
    deadline = await calls.within(calls.limits.see_through)
    where = {"project": place.project, "zone": place.zone, "instance": place.instance}
    for tried in range(_TRIES):
        instance = await calls.read("instances.get", where, place, deadline)
        have = observing.metadata(instance)
        if all(have.get(key, "") == value for key, value in values.items()):
            return
        body = merged(instance.get("metadata", {}), values)
        try:
            request = where | {"metadataResource": body}
            operation = await calls.write("instances.setMetadata", request, place, deadline)
            await calls.see_through(operation, place, deadline)
        except Conflict:
            if tried == _TRIES - 1:
                raise
            await calls.pause(tried)
        else:
            return


def merged(metadata: Mapping[str, Any], values: Mapping[str, str]) -> Json:
    """The metadata to write: every key that was there stays, in its place, but for those that are made empty."""
    items: list[Json] = metadata.get("items", [])
    whole = {str(item["key"]): str(item.get("value", "")) for item in items} | dict(values)
    kept = {key: value for key, value in whole.items() if value or key not in values}
    body: Json = {"items": [{"key": key, "value": value} for key, value in kept.items()]}
    if fingerprint := metadata.get("fingerprint"):
        body["fingerprint"] = fingerprint
    return body
