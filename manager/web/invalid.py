"""The validator's findings in words: which field, what is wrong, what to do."""

from collections.abc import Mapping, Sequence
from typing import Any

_WORDS = {
    "missing": "it is missing; send it.",
    "extra_forbidden": "there is no such field; leave it out.",
    "bool_type": "it has to be true or false.",
    "string_type": "it has to be a text.",
    "int_type": "it has to be a whole number.",
    "int_parsing": "it has to be a whole number.",
    "int_from_float": "it has to be a whole number.",
    "float_type": "it has to be a number.",
    "finite_number": "it has to be a finite number.",
    "datetime_type": "it has to be a moment like 2026-11-21T18:30:00Z.",
    "datetime_parsing": "it has to be a moment like 2026-11-21T18:30:00Z.",
    "datetime_from_date_parsing": "it has to be a moment like 2026-11-21T18:30:00Z.",
    "datetime_object_invalid": "it has to be a moment like 2026-11-21T18:30:00Z.",
    "timezone_aware": "it needs a time zone, like 2026-11-21T18:30:00Z.",
    "json_invalid": "it is not JSON; send a JSON object.",
    "model_attributes_type": "it has to be a JSON object.",
    "model_type": "it has to be a JSON object.",
    "dict_type": "it has to be a JSON object.",
    "string_too_short": "it is empty; send a text.",
    "string_too_long": "it is too long; at most {max_length} characters.",
    "greater_than": "it has to be more than {gt}.",
    "greater_than_equal": "it has to be at least {ge}.",
    "less_than_equal": "it has to be at most {le}.",
}


def invalid_input(findings: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """`field` and `problem` of the first finding."""
    first = findings[0]
    place = [str(part) for part in first["loc"] if isinstance(part, str) and not part.startswith("function-")]
    where, inside = (place[0], place[1:]) if place else ("body", [])
    field = ".".join(inside) if inside else where
    words = _WORDS.get(first["type"])
    if words is None:
        words = f"{str(first['msg']).removeprefix('Value error, ')}.".replace("{", "{{").replace("}", "}}")
    limits: Mapping[str, Any] = first.get("ctx") or {}
    return {"field": field, "problem": words.format(**limits)}
