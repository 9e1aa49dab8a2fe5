"""What is open, by session: the end of a session cuts it."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from manager.relay.cookie import Visit
from manager.relay.ports import Sessions

Cut = Callable[[], None]


@dataclass(slots=True)
class _Open:
    """What one session has open, and who waits for its end."""

    watching: asyncio.Task[None]
    cuts: set[Cut] = field(default_factory=set[Cut])


class Visits:
    """Holds requests and sockets for as long as they last."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._open: dict[str, _Open] = {}

    @contextmanager
    def hold(self, visit: Visit, cut: Cut) -> Generator[None]:
        """While this lasts, `cut` is called where the session ends."""
        held = self._open.get(visit.session)
        if held is None:
            held = self._open[visit.session] = _Open(asyncio.create_task(self._watch(visit)))
        held.cuts.add(cut)
        try:
            yield
        finally:
            held.cuts.discard(cut)
            if not held.cuts and self._open.get(visit.session) is held:
                del self._open[visit.session]
                held.watching.cancel()

    def cut_all(self) -> None:
        """End everything that is open."""
        for held in list(self._open.values()):
            _cut(held)

    async def _watch(self, visit: Visit) -> None:
        await self._sessions.ended(visit.session, visit.ends)
        held = self._open.pop(visit.session, None)
        if held is not None:
            _cut(held)


def _cut(held: _Open) -> None:
    for cut in tuple(held.cuts):
        cut()
