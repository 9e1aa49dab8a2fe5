"""What time it is, on a machine whose clock may be wrong just after it has booted.

A pass names moments of the manager's clock. Until the kernel says that this machine's clock is synchronised, the
moment of a statement that was believed is taken for a lower bound: its signature proves that the manager's clock has
shown that moment, so the present is not before it, and an old statement that somebody kept can only lead to a moment
that has been. It is never taken for more: a clock that is ahead stays ahead (passes are then refused as expired, and
the answer says what the box takes for now), because turning back would make old passes good again. Once the clock is
synchronised, only it counts, so that a manager with a wrong clock cannot shift the box's.
"""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
_TIMEX_BYTES = 512  # struct timex has 208; nothing of it is read


def kernel_synchronised() -> bool:
    """Whether the kernel holds its clock for synchronised; reading that needs no right."""
    libc = ctypes.CDLL(None, use_errno=True)
    state: int = libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= state < _UNSYNCHRONISED


@dataclass
class GateClock:
    """Seconds since 1970; `floor` is a moment that has been, and when that was known by the monotonic clock."""

    wall: Callable[[], float] = time.time  # noqa: TID251 - the box's own edge to its clock
    monotonic: Callable[[], float] = time.monotonic
    synchronised: Callable[[], bool] = kernel_synchronised
    _floor: "tuple[float, float] | None" = field(default=None, init=False)

    def now(self) -> float:
        """The present, as well as it is known."""
        wall = self.wall()
        if self._floor is None or self.synchronised():
            return wall
        moment, known = self._floor
        return max(wall, moment + self.monotonic() - known)

    def not_before(self, moment: float) -> None:
        """A signed statement of that moment has come."""
        if moment > self.now():
            self._floor = (moment, self.monotonic())
