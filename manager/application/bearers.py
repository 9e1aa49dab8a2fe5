"""Bearer tokens by which the manager itself comes through a box's gate: of a short life, used while fresh."""

from collections.abc import Callable
from datetime import datetime, timedelta

from manager.application.ports import Clock

# box, name, now, life
Mint = Callable[[str, str, datetime, timedelta], str]

# The gate knows the manager by this name; no other program's token may carry it.
NAME = "manager"
LIFE = timedelta(seconds=60)
_FRESH = timedelta(seconds=30)


class Bearers:
    """`bearers(box)` is a token for that box; half of its life is left at least."""

    def __init__(self, mint: Mint, clock: Clock) -> None:
        self._mint = mint
        self._clock = clock
        self._kept: dict[str, tuple[str, datetime]] = {}

    def __call__(self, box: str) -> str:
        """The token."""
        now = self._clock.now()
        token, at = self._kept.get(box, ("", now - LIFE))
        # A clock that was set back must not keep an old token for long.
        if not timedelta(0) <= now - at < _FRESH:
            token, at = self._mint(box, NAME, now, LIFE), now
            self._kept[box] = token, at
        return token
