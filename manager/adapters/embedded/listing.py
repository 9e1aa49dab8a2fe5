"""Lists: filter, order, pages, and lists over all zones."""

import base64
import binascii
from typing import TypeVar

from manager.adapters.embedded.call import Call
from manager.adapters.embedded.errors import ApiError, invalid
from manager.adapters.embedded.filters import parse
from manager.adapters.embedded.links import absolute, link
from manager.adapters.embedded.store import Json

_MOST = 500
Item = TypeVar("Item")


def listed(call: Call, kind: str, items: list[Json]) -> Json:
    """Answer one page: `{kind, id, selfLink, items?, nextPageToken?}`; Google leaves empty items out."""
    page, token = _page(call, _ordered(call, _filtered(call, items)))
    where = "projects/" + call.project + _below(call)
    shown: Json = {"kind": kind, "id": where, "selfLink": link(where)}
    if page:
        shown["items"] = page
    return shown | {"nextPageToken": token} if token else shown


def aggregated(call: Call, kind: str, collection: str, found: dict[str, list[Json]]) -> Json:
    """Answer a list over scopes, `{items: {"zones/z": {collection: […]} | {warning}}}`."""
    flat = [(scope, item) for scope, items in found.items() for item in _filtered(call, items)]
    page, token = _page(call, flat)
    items: dict[str, Json] = {
        scope: {"warning": _nothing(scope)} for scope in found if not any(at == scope for at, _ in page)
    }
    for scope, item in page:
        items.setdefault(scope, {collection: []})[collection].append(item)
    where = f"projects/{call.project}/aggregated/{collection}"
    shown: Json = {"kind": kind, "id": where, "selfLink": link(where), "items": dict(sorted(items.items()))}
    return shown | {"nextPageToken": token} if token else shown


def _nothing(scope: str) -> Json:
    return {
        "code": "NO_RESULTS_ON_PAGE",
        "message": f"There are no results for scope '{scope}' on this page.",
        "data": [{"key": "scope", "value": scope}],
    }


def _below(call: Call) -> str:
    collection = call.method.partition(".")[0]
    collection = "operations" if collection.endswith("Operations") else collection
    if collection in {"zones", "regions"}:
        return f"/{collection}"
    return f"/{call.scope}/{collection}"


def _filtered(call: Call, items: list[Json]) -> list[Json]:
    test = parse(call.query.get("filter", ""))
    return [item for item in items if test(absolute(item, call.base))]


def _ordered(call: Call, items: list[Json]) -> list[Json]:
    order = call.query.get("orderBy", "")
    if order in {"", "name", "name asc"}:
        return sorted(items, key=lambda item: item["name"])
    if order.split()[0] == "creationTimestamp":
        newest_first = order.endswith(" desc")
        return sorted(
            items,
            key=lambda item: item.get("creationTimestamp") or item.get("insertTime") or "",
            reverse=newest_first,
        )
    raise invalid("orderBy", order, "Only name and creationTimestamp desc are supported.")


def _page(call: Call, items: list[Item]) -> tuple[list[Item], str | None]:
    try:
        size = int(call.query.get("maxResults", str(_MOST)))
        start = int(base64.b64decode(call.query.get("pageToken", ""), validate=True) or b"0")
    except (ValueError, binascii.Error) as error:
        raise ApiError(400, "invalid", "Invalid value for field 'pageToken' or 'maxResults'.") from error
    if not 0 <= size <= _MOST:
        raise invalid("maxResults", size, f"Must be between 0 and {_MOST}, inclusive.")
    size = size or _MOST
    end = start + size
    return items[start:end], base64.b64encode(str(end).encode()).decode() if end < len(items) else None
