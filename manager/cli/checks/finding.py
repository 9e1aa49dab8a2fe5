"""What a check found: a word, a sentence, and what to do where something is wrong."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from manager.domain.errors import GpuboxError
from manager.messages import finding, problem


class State(StrEnum):
    """How it stands. Only `wrong` makes the doctor fail."""

    OK = "ok"
    NOTE = "note"
    SKIPPED = "skipped"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's sheet."""

    check: str
    state: State
    text: str
    remedy: str

    def as_json(self) -> dict[str, Any]:
        """The line for programs."""
        return asdict(self)


def good(check: str, code: str, /, **values: Any) -> Finding:
    """All is well."""
    return Finding(check, State.OK, *finding(check, code, **values))


def note(check: str, code: str, /, **values: Any) -> Finding:
    """Something to know; nothing is wrong."""
    return Finding(check, State.NOTE, *finding(check, code, **values))


def skipped(check: str, code: str, /, **values: Any) -> Finding:
    """It could not be looked at."""
    return Finding(check, State.SKIPPED, *finding(check, code, **values))


def wrong(check: str, code: str, /, **values: Any) -> Finding:
    """Something is wrong, and this is what to do."""
    return Finding(check, State.WRONG, *finding(check, code, **values))


def failed(check: str, error: GpuboxError) -> Finding:
    """An error of the program's own, in its words."""
    words = problem(error.fault)
    return Finding(check, State.WRONG, f"{words.title} {words.detail.in_utc()}", words.remedy.in_utc())
