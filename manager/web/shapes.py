"""The shapes that all input and output is made of."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

_MOMENT = re.compile(r"^\d{4}-\d\d-\d\d[Tt ]")


def rfc3339(value: Any) -> Any:
    """The validator would also take seconds since 1970, in several guises."""
    if not isinstance(value, str) or not _MOMENT.match(value):
        raise PydanticCustomError("datetime_parsing", "not a moment")
    return value


class Input(BaseModel):
    """Exactly these fields, of exactly these types."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Output(BaseModel):
    """At least these fields: more may come with later versions."""

    model_config = ConfigDict(extra="allow")


class Sentence(Output):
    """A text with the values that belong into its {slots}."""

    code: str
    text: str
    values: dict[str, Any]


class Words(Output):
    """A text with its values, without a code of its own."""

    text: str
    values: dict[str, Any]


class Notice(Output):
    """Something that is wrong although the box goes on, and what a person can do."""

    code: str
    title: str
    detail: Words
    remedy: Words
