"""What ComfyUI says of itself, in one shape, whichever way it was asked."""

import math
from dataclasses import dataclass
from typing import Any, cast

_MOST = 2**63


@dataclass(frozen=True)
class Look:
    """One answer. `queue` is running and pending together.

    A count only grows while the process `boot_id` lives; its age, in seconds, is that of its last move. None is what
    this ComfyUI does not tell.
    """

    queue: int
    boot_id: str | None = None
    persons: int | None = None
    person_age_s: float | None = None
    progress: int | None = None
    progress_age_s: float | None = None


def of_presence(body: object, remaining: int | None = None) -> Look | None:
    """The answer of `GET /gpubox/presence`, with `GET /prompt`'s figure where it has no queue; None: not usable."""
    whole = _object(body)
    boot_id = whole.get("boot_id")
    queue = _object(whole.get("queue"))
    running, pending = count(queue.get("running")), count(queue.get("pending"))
    length = running + pending if running is not None and pending is not None else remaining
    if not isinstance(boot_id, str) or length is None:
        return None
    person, progress = _object(whole.get("person")), _object(whole.get("progress"))
    return Look(
        queue=length,
        boot_id=boot_id,
        persons=count(person.get("count")),
        person_age_s=seconds(person.get("age_s")),
        progress=count(progress.get("count")),
        progress_age_s=seconds(progress.get("age_s")),
    )


def tells_its_queue(body: object) -> bool:
    """False where `/prompt` has to be asked too."""
    return isinstance(_object(body).get("queue"), dict)


def remaining_of_prompt(body: object) -> int | None:
    """The figure in the answer of `GET /prompt`; None: not usable."""
    return count(_object(_object(body).get("exec_info")).get("queue_remaining"))


def count(value: object) -> int | None:
    """A whole number from 0 to 2⁶³, else None. True is no number, and one of thousands of digits cannot be written."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else None


def seconds(value: object) -> float | None:
    """A finite number that is not negative, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
