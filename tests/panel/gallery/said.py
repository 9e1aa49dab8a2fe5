"""The smallest parts of a status: moments and sentences."""

from datetime import UTC, datetime, timedelta
from typing import Any

Status = dict[str, Any]

NOW = datetime(2026, 11, 18, 14, 2, 30, tzinfo=UTC)


def at(**since: float) -> str:
    """RFC 3339 of a moment so far from the gallery's now; negative is the past."""
    return (NOW + timedelta(**since)).isoformat().replace("+00:00", "Z")


def said(code: str, text: str, **values: Any) -> Status:
    """A sentence with its values."""
    return {"code": code, "text": text, "values": values}
