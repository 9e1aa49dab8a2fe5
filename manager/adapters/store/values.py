"""Values of the domain as JSON and back.

JSON knows no moments, spans and exact decimals; they become objects with one key that starts with `$`.
"""

import math
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import singledispatch
from typing import Any, cast

_MICROSECOND = timedelta(microseconds=1)


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; a naive one is a mistake of the caller's."""
    if moment.tzinfo is None:
        message = f"a moment without a time zone: {moment.isoformat()}"
        raise ValueError(message)
    return moment.astimezone(UTC)


@singledispatch
def to_json(value: Any) -> Any:
    """A value that `json` can write; tuples and sets become lists.

    What JSON has no word for is kept as its text: remembering why something failed must not fail itself.
    """
    return str(value)


@to_json.register(int | None)
def _(value: int | None) -> int | None:
    return value


@to_json.register
def _(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


@to_json.register
def _(value: datetime) -> dict[str, str]:
    return {"$at": utc(value).isoformat()}


@to_json.register
def _(value: timedelta) -> dict[str, int]:
    return {"$us": value // _MICROSECOND}


@to_json.register
def _(value: Decimal) -> dict[str, str]:
    return {"$decimal": str(value)}


@to_json.register(list | tuple | AbstractSet)
def _(value: list[Any] | tuple[Any, ...] | AbstractSet[Any]) -> list[Any]:
    return [to_json(item) for item in value]


@to_json.register(Mapping)
def _(value: Mapping[Any, Any]) -> dict[str, Any]:
    plain = items_to_json(value)
    # A mapping that looks like one of our marks is wrapped, so that it comes back as it was.
    return {"$mapping": plain} if len(plain) == 1 and next(iter(plain)) in _MARKS else plain


def from_json(value: Any) -> Any:
    """The value that `to_json` was given."""
    if isinstance(value, list):
        return [from_json(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    plain = cast("dict[str, Any]", value)
    if len(plain) == 1:
        mark, marked = next(iter(plain.items()))
        if mark in _MARKS:
            return _MARKS[mark](marked)
    return items_from_json(plain)


def items_to_json(data: Mapping[Any, Any]) -> dict[str, Any]:
    """A mapping by its items; it is known to be one, so it is never wrapped."""
    return {str(key): to_json(value) for key, value in data.items()}


def items_from_json(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping that `items_to_json` was given."""
    return {key: from_json(value) for key, value in plain.items()}


_MARKS: dict[str, Callable[[Any], Any]] = {
    "$at": datetime.fromisoformat,
    "$us": lambda count: timedelta(microseconds=count),
    "$decimal": Decimal,
    "$mapping": items_from_json,
}
