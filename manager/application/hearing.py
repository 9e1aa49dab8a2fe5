"""Which boot's words were heard last. Guest attributes outlive a machine that is off, so the first ones that are read
after a start may be those of the run before: its failure, its address, its being ready.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# A box names its boot within seconds. One that is still silent then may have been suspended instead of booted, and what
# it said before still holds.
_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Heard:
    """A boot by the box's own id, and the run that it was heard in: the moment that the cloud says it started at."""

    boot: str
    started_at: datetime | None

    def is_over(self, boot: str, started_at: datetime | None, now: datetime) -> bool:
        """Whether words of this boot, read in the run that started then, are of an earlier run."""
        if boot != self.boot or started_at is None or started_at == self.started_at:
            return False
        return now < started_at + _WITHIN

    def as_text(self) -> str:
        """For the store."""
        return json.dumps({"boot": self.boot, "started_at": self.started_at and self.started_at.isoformat()})


def heard_from(text: str | None) -> Heard | None:
    """What `as_text` wrote."""
    if text is None:
        return None
    told = json.loads(text)
    at = told["started_at"]
    return Heard(told["boot"], None if at is None else datetime.fromisoformat(at))


def boot_of(guest: Mapping[str, str]) -> str:
    """The boot that these guest attributes name; empty where they name none. Never raises."""
    try:
        boot = json.loads(guest.get("progress", ""))["boot"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return boot if isinstance(boot, str) else ""


def key(box: str) -> str:
    """Under which name it is kept."""
    return f"heard:{box}"
