"""Addresses of resources: relative where they are stored, absolute where a client reads them.

A client that follows a selfLink must stay on this endpoint, whatever port it has today. So documents keep links
with a mark in front, and the mark becomes the endpoint on the way out.
"""

import re
from typing import Any

_MARK = "\x00"  # no text that a client may send can begin with it


def link(*parts: str) -> str:
    """Answer the stored form of a resource's address, e.g. `link("projects", p, "zones", z)`."""
    return _MARK + "/".join(parts)


def absolute(value: Any, base: str) -> Any:
    """Answer `value` with every stored link made absolute; `base` ends in a slash."""
    if isinstance(value, str):
        return base + value[1:] if value.startswith(_MARK) else value
    if isinstance(value, dict):
        return {key: absolute(item, base) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [absolute(item, base) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def name_of(reference: str) -> str:
    """Answer the last part of a URL, a partial URL or a bare name."""
    return reference.rstrip("/").rsplit("/", 1)[-1].lstrip(_MARK)


def part_of(reference: str, collection: str) -> str | None:
    """Answer what follows `collection` in a URL: `part_of(".../zones/z/disks/d", "zones")` is `z`."""
    found = re.search(rf"(?:^|/|{_MARK}){collection}/([^/]+)", reference)
    return found[1] if found else None
