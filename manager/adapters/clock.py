"""The only place that asks the computer for the time."""

from datetime import UTC, datetime


class SystemClock:
    """The computer's clock, in aware UTC."""

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)  # noqa: TID251 - this is the one place
