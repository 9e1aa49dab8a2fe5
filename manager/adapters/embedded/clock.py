"""The clock of the embedded cloud: a callable that answers an aware datetime."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

Clock = Callable[[], datetime]

# Google writes its times with the offset of California; a client that takes them for UTC has to show here.
_PACIFIC = timezone(timedelta(hours=-8))


def wall_clock() -> datetime:
    """Answer the present moment; the one place where the embedded cloud reads the wall clock."""
    return datetime.now(UTC)  # noqa: TID251 - the edge: a process of its own needs a clock of its own


def moment(clock: Clock) -> float:
    """Answer the clock's time as seconds since the epoch, in UTC, the form in which moments are stored."""
    return clock().timestamp()


def rfc3339(seconds: float) -> str:
    """Write a moment as Google does: RFC 3339 with milliseconds and an offset."""
    return datetime.fromtimestamp(seconds, _PACIFIC).isoformat(timespec="milliseconds")
