"""How long to hold, as people say it: 2h, 30m, 1h30m, 90, until 18:00, until 2026-11-22 18:00, off."""

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.messages import sentence

_SPAN = re.compile(
    r"(?:(?P<days>\d+(?:\.\d+)?)\s*d)?\s*(?:(?P<hours>\d+(?:\.\d+)?)\s*h)?\s*(?:(?P<minutes>\d+(?:\.\d+)?)\s*m(?:in)?)?"
)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def parse_until(words: Sequence[str], now: datetime) -> datetime | None:
    """The moment a hold ends, None for none; raises Failure for what cannot be understood.

    `now` carries the reader's time zone; a time of day that has passed is tomorrow's.
    """
    text = " ".join(words).strip().lower()
    if text in ("off", "none", "end"):
        return None
    if text.startswith("until "):
        return _clock(text.removeprefix("until ").strip(), now)
    if _CLOCK.fullmatch(text):
        return _clock(text, now)
    return now + _span(text.removeprefix("for ").strip())


def _span(text: str) -> timedelta:
    if re.fullmatch(r"\d+(\.\d+)?", text):  # a bare number is minutes, as in the panel and the API
        text += "m"
    found = _SPAN.fullmatch(text)
    parts = {name: float(value) for name, value in found.groupdict().items() if value} if found else {}
    span = timedelta(**parts)
    if not span:
        raise Failure(sentence("hold.unclear", text=repr(text)), ExitCode.USAGE)
    return span


def _clock(text: str, now: datetime) -> datetime:
    if found := _CLOCK.fullmatch(text):
        at = time(int(found[1]), int(found[2]))
        today = _local(datetime.combine(now.date(), at))
        # Not simply a day later: the clocks may change in between.
        return today if today > now else _local(datetime.combine(now.date() + timedelta(days=1), at))
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise Failure(sentence("hold.unclear", text=repr(text)), ExitCode.USAGE) from None
    return moment if moment.tzinfo is not None else _local(moment)


def _local(wall: datetime) -> datetime:
    """A time on the wall as a moment in the computer's own zone."""
    return wall.astimezone()
