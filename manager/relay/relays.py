"""A relay for each box, each at a port and so at an origin of its own.

At one origin for all of them, a page of one box would go on with the cookie of the box that was opened last: what
it sends would reach the other, under the name of the first, and each box's page could read the other's.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from manager.relay.relay import Relay

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# Ports that others have are left out; this many further ones are tried.
_FURTHER = 64


@dataclass(frozen=True, slots=True)
class Bound:
    """A socket that a relay may serve on, and how browsers see it."""

    listener: socket.socket
    url: str


@dataclass(slots=True)
class _Held:
    number: int
    url: str
    relay: Relay
    opened: bool = False


class Relays:
    """The relays of all boxes. `bind` binds the socket of that number, from 0 on, and raises OSError; `make` a relay.

    The first box has the first socket. Boxes keep theirs for as long as they are there.
    """

    def __init__(self, bind: Callable[[int], Bound], make: Callable[[str, Bound], Relay]) -> None:
        self._bind = bind
        self._make = make
        self._held: dict[str, _Held] = {}

    def url(self, box: str) -> str | None:
        """Where browsers find this box's relay; None where it has none."""
        held = self._held.get(box)
        return None if held is None else held.url

    async def settle(self, boxes: Sequence[str]) -> None:
        """Have a relay for each of these boxes and for no others; `open` lets browsers in."""
        for box in [box for box in self._held if box not in boxes]:
            await self._held.pop(box).relay.close()
        for box in boxes:
            if box not in self._held and (found := self._next()) is not None:
                number, bound = found
                self._held[box] = _Held(number, bound.url, self._make(box, bound))

    async def open(self) -> None:
        """Serve until `close`."""
        for held in tuple(self._held.values()):
            if not held.opened:
                held.opened = True
                await held.relay.open()

    async def close(self) -> None:
        """Cut what is open and let everything go."""
        await self.settle(())

    def _next(self) -> tuple[int, Bound] | None:
        """The lowest number that is free and whose socket can be bound."""
        taken = {held.number for held in self._held.values()}
        for number in range(len(taken) + _FURTHER):
            if number in taken:
                continue
            try:
                return number, self._bind(number)
            except OSError as error:
                log.debug("no socket for a relay", number=number, reason=error.strerror)
        log.warning("a box has no relay: no port is free near RELAY_PORT")
        return None
