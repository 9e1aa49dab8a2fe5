"""A sentence, its values, and how both are shown where no reader's zone is known."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence with its values, ready to be shown in the reader's zone."""

    code: str
    text: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        """`{code, text, values}`, moments as RFC 3339 in UTC."""
        return {"code": self.code, "text": self.text, "values": {k: plain(v) for k, v in self.values.items()}}

    def in_utc(self) -> str:
        """The sentence for logs, scripts and terminals."""
        return fill(self.text, {k: plain(v) for k, v in self.values.items()})


def fill(text: str, values: Mapping[str, Any], shown: Callable[[str, Any], str] | None = None) -> str:
    """The text with its values as `shown(name, value)` has them; in UTC where no reader's zone is known."""
    show = shown or _in_utc
    return _SLOT.sub(lambda slot: show(slot[1], values.get(slot[1])), text)


def plain(value: Any) -> Any:
    """A value as JSON has it: moments in RFC 3339, everything else that JSON does not know as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("list[Any]", value)]
    return str(value)


def _in_utc(name: str, value: Any) -> str:
    if value is None:
        return "…"
    if name.endswith(("_at", "_until", "_in")):
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return f"{moment.astimezone(UTC):%H:%M} UTC"
    if name.endswith("_s"):
        return duration(float(value))
    if name.endswith("_size"):
        return size(value)
    return str(value)


def size(count: float) -> str:
    """Bytes as people say them: 640 kB, 6.5 GB; thousands, as on the labels of disks."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 999.5:  # noqa: PLR2004 - three digits are enough
            return f"{amount:.0f} {unit}"
        amount /= 1000
    amount, unit = (amount, "GB") if amount < 999.5 else (amount / 1000, "TB")  # noqa: PLR2004 - as above
    return f"{amount:.1f} {unit}" if amount < 100 else f"{amount:.0f} {unit}"  # noqa: PLR2004 - as above


def duration(seconds: float) -> str:
    """Seconds as people say them: 45 s, 4 min, 2 h 10 min."""
    total = max(0, round(seconds))
    if total < 100:  # noqa: PLR2004 - below that, people still think in seconds
        return f"{total} s"
    minutes = round(total / 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
