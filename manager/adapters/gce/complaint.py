"""What Compute Engine says when something fails, in one shape, wherever it was said.

It complains in two places: in the body of an HTTP error, `{"error": {"code", "message", "errors": [{domain,
reason, message}], "details": [...]}}`, and in an operation that is DONE, `{"error": {"errors": [{code, message,
errorDetails: [...]}]}}`, there also without any HTTP status (discovery document, schema Operation).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Complaint:
    """`reasons` are all the words of error code kind; `info` and `quota` what Google adds in fields."""

    message: str
    status: int | None = None
    reasons: frozenset[str] = frozenset()
    info: Mapping[str, str] = field(default_factory=dict[str, str])
    quota: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def says(self, *reasons: str) -> bool:
        """Whether one of these words is among the reasons."""
        return not self.reasons.isdisjoint(reasons)


def of_http(status: int, body: Json) -> Complaint:
    """The complaint in the body of an HTTP error."""
    error = _object(body.get("error"))
    entries = _objects(error.get("errors"))
    details = _objects(error.get("details"))
    infos = [detail for detail in details if "reason" in detail]
    return Complaint(
        message=str(error.get("message") or (entries[0].get("message") if entries else "") or ""),
        status=status,
        reasons=frozenset(str(entry["reason"]) for entry in (*entries, *infos) if entry.get("reason")),
        info=_merged(_object(info.get("metadata") or info.get("metadatas")) for info in infos),
    )


def of_operation(operation: Json) -> Complaint | None:
    """The complaint of an operation, or None where it does not complain."""
    entries = _objects(_object(operation.get("error")).get("errors"))
    status = operation.get("httpErrorStatusCode")
    if not entries:
        if not status:
            return None
        return Complaint(str(operation.get("httpErrorMessage") or ""), int(status))
    first = entries[0]
    details = [detail for entry in entries for detail in _objects(entry.get("errorDetails"))]
    infos = [_object(detail.get("errorInfo")) for detail in details]
    codes = [str(entry["code"]) for entry in entries if entry.get("code")]
    return Complaint(
        message=str(first.get("message") or operation.get("httpErrorMessage") or ""),
        status=int(status) if status else None,
        reasons=frozenset(codes) | {str(info["reason"]) for info in infos if info.get("reason")},
        info=_merged(_object(info.get("metadatas")) for info in infos),
        quota=_merged(_object(detail.get("quotaInfo")) for detail in details),
    )


def _object(value: object) -> Json:
    return cast("Json", value) if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Json]:
    return [_object(each) for each in cast("list[object]", value)] if isinstance(value, list) else []


def _merged(parts: Iterator[Json]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for part in parts:
        whole.update(part)
    return whole
