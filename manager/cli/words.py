"""Sentences, moments, durations and money for a reader at a terminal, in the computer's own time zone.

A sentence comes as `{text, values}`; how a value is shown follows from its name, as `manager.messages` lays down.
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from manager.messages import duration, fill, sentence, size

_SIGNS: Mapping[str, str] = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_DAYS: Mapping[int, str] = {-1: "yesterday", 0: "today", 1: "tomorrow"}
_WEEK = 7


class Words:
    """Words it at one moment, `now`, for one currency."""

    def __init__(self, now: datetime, currency: str = "USD") -> None:
        self.now = now.astimezone()
        self.currency = currency

    def sentence(self, said: Mapping[str, Any] | None) -> str:
        """A sentence with its values in it; nothing for none."""
        if said is None:
            return ""
        return fill(str(said.get("text", "")), said.get("values") or {}, self._value)

    def moment(self, at: datetime | str) -> str:
        """14:32 today; 21:10 yesterday; 21:10 on Mon; 21:10 on 3 Nov."""
        then = read(at).astimezone()
        days = (then.date() - self.now.date()).days
        day = f"{then:%a}" if abs(days) < _WEEK else f"{then.day} {then:%b}"
        return sentence(f"moment.{_DAYS.get(days, 'other')}", clock=f"{then:%H:%M}", day=day)

    def countdown(self, to: datetime | str) -> str:
        """4:32, 1:04:32; never below zero."""
        seconds = max(0, math.ceil((read(to) - self.now).total_seconds()))
        hours, rest = divmod(seconds, 3600)
        return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"

    def money(self, amount: Any) -> str:
        """$0.38, or 0.38 CHF where the currency has no sign that everybody knows."""
        sign = _SIGNS.get(self.currency)
        return f"{amount} {self.currency}" if sign is None else f"{sign}{amount}"

    def _value(self, name: str, value: Any) -> str:
        if value is None:
            return "…"
        if name.endswith(("_at", "_until")):
            return self.moment(value)
        if name.endswith("_in"):
            return self.countdown(value)
        if name.endswith("_s"):
            return duration(float(value))
        if name.endswith("_size"):
            return size(value)
        return self.money(value) if name.endswith("_money") else str(value)


def read(at: datetime | str) -> datetime:
    """A moment as JSON has it."""
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)


def since(began: datetime | str, now: datetime) -> timedelta:
    """How long ago that was, never less than nothing."""
    return max(now - read(began), timedelta(0))
