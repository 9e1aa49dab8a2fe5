"""Google's filter language: `status = RUNNING`, `name eq "gpubox.*"`, `(a = 1) AND NOT b : c`.

`=` and `!=` compare text (a `*` stands for anything), `eq` and `ne` match a whole regular expression, `:` looks
inside, `<` and friends compare numbers or text. A field may be a path (`labels.team`); a list matches if one of its
items does. Terms side by side are joined by AND.
"""

import fnmatch
import operator
import re
from collections.abc import Callable
from typing import Any

from manager.adapters.embedded.errors import ApiError
from manager.adapters.embedded.store import Json

Test = Callable[[Json], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<bracket>[()])|"(?P<quoted>(?:\\.|[^"\\])*)"|'(?P<single>[^']*)'"""
    r"""|(?P<operator>!=|<=|>=|=|<|>|:)|(?P<word>(?:[^\s()"'=<>!:]|:(?=\d\d|//)|!(?!=))+))"""
)
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def parse(text: str) -> Test:
    """Answer a test for resources; ApiError 400 where the filter cannot be read."""
    if not text.strip():
        return lambda _resource: True
    parser = _Parser(_tokens(text), text)
    test = parser.any_of()
    if parser.peek() is not None:
        raise parser.unreadable()
    return test


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(text.rstrip()):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _unreadable(text)
        kind = str(found.lastgroup)
        tokens.append(("text" if kind in {"quoted", "single"} else kind, found[kind]))
        position = found.end()
    return tokens


def _unreadable(text: str) -> ApiError:
    return ApiError(400, "invalid", f"Invalid value for field 'filter': '{text}'. Invalid list filter expression.")


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], text: str) -> None:
        self._tokens, self._text, self._at = tokens, text, 0

    def unreadable(self) -> ApiError:
        return _unreadable(self._text)

    def peek(self) -> tuple[str, str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> tuple[str, str]:
        token = self.peek()
        if token is None:
            raise self.unreadable()
        self._at += 1
        return token

    def any_of(self) -> Test:
        tests = [self._all_of()]
        while self.peek() == ("word", "OR"):
            self._next()
            tests.append(self._all_of())
        return lambda resource: any(test(resource) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while self.peek() not in {None, ("word", "OR"), ("bracket", ")")}:
            if self.peek() == ("word", "AND"):
                self._next()
            tests.append(self._one())
        return lambda resource: all(test(resource) for test in tests)

    def _one(self) -> Test:
        kind, value = self._next()
        if (kind, value) == ("word", "NOT"):
            test = self._one()
            return lambda resource: not test(resource)
        if (kind, value) == ("bracket", "("):
            test = self.any_of()
            if self._next() != ("bracket", ")"):
                raise self.unreadable()
            return test
        if kind != "word":
            raise self.unreadable()
        return self._comparison(value)

    def _comparison(self, field: str) -> Test:
        kind, sign = self._next()
        if kind != "operator" and sign not in {"eq", "ne"}:
            raise self.unreadable()
        kind, wanted = self._next()
        if (kind, wanted) == ("bracket", "("):  # gcloud writes name eq ("a"|"b") and the like
            wanted = ""
            while (token := self._next()) != ("bracket", ")"):
                wanted += token[1]
        if field.startswith("-"):
            return lambda resource: not _holds(resource, field[1:], sign, wanted)
        return lambda resource: _holds(resource, field, sign, wanted)


def _holds(resource: Json, field: str, sign: str, wanted: str) -> bool:
    values = _values(resource, field.split("."))
    if sign in {"!=", "ne"}:
        positive = "=" if sign == "!=" else "eq"
        return not any(_matches(value, positive, wanted) for value in values)
    return any(_matches(value, sign, wanted) for value in values)


def _values(value: Any, path: list[str]) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _values(item, path)]  # pyright: ignore[reportUnknownVariableType]
    if path:
        return _values(value.get(path[0]), path[1:]) if isinstance(value, dict) else []  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    if value is None:
        return []
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def _matches(value: str, sign: str, wanted: str) -> bool:
    if sign == "eq":
        try:
            return re.fullmatch(wanted, value) is not None
        except re.error as error:
            raise _unreadable(wanted) from error
    if sign == "=":
        return fnmatch.fnmatchcase(value.lower(), wanted.lower().replace("[", "[[]").replace("?", "[?]"))
    if sign == ":":
        return wanted == "*" or wanted.lower().strip("*") in value.lower()
    try:
        return _ORDERS[sign](float(value), float(wanted))
    except ValueError:
        return _ORDERS[sign](value, wanted)
