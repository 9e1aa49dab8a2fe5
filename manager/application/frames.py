"""Where a page finds ComfyUI: with a ticket for the gate, where the box has one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from manager.application.entrance import NONE, RELAY, Entrance, entering
from manager.application.ports import Clock, TokenClaims
from manager.application.registry import Registry
from manager.application.visits import Visits
from manager.domain.box import Phase
from manager.domain.errors import NothingToFrame

# box, session, when the session ends, now
Ticket = Callable[[str, str, datetime, datetime], str]

_THERE = (Phase.SETTING_UP, Phase.READY, Phase.TROUBLE)


@dataclass(frozen=True, slots=True)
class Frame:
    """`url` may carry a ticket: it is for the one who asked, once, within a minute. `way` as of the entrance."""

    url: str
    way: str


class Frames:
    """Hands out where ComfyUI is; `ticket` signs what opens the gate."""

    def __init__(self, registry: Registry, visits: Visits, clock: Clock, ticket: Ticket) -> None:
        self._registry = registry
        self._visits = visits
        self._clock = clock
        self._ticket = ticket

    async def frame(self, name: str, claims: TokenClaims, way: str | None = None, page: str | None = None) -> Frame:
        """The address for this session, through the relay where `way` says so; `page` as of `Rules.relay`.

        Raises UnknownBox, NothingToFrame.
        """
        live, now = self._registry.get(name), self._clock.now()
        if live.phase(now) not in _THERE:
            raise NothingToFrame(kind="off")
        entrance = live.entrance(self._registry.rules, page)
        url, way = _choose(entrance, way)
        if not entrance.gated:
            return Frame(url, way)
        session = await self._visits.remember(name, claims)
        return Frame(entering(url, self._ticket(name, session, claims.expires_at, now)), way)


def _choose(entrance: Entrance, way: str | None) -> tuple[str, str]:
    if way == RELAY and entrance.gated:
        if entrance.relay is None or entrance.door is None:
            raise NothingToFrame(kind="no_relay")
        return entrance.relay, RELAY
    if entrance.way == NONE:
        raise NothingToFrame(kind="closed", problem=entrance.problem or "…")
    if entrance.url is None or entrance.door is None:
        raise NothingToFrame(kind="no_address")
    return entrance.url, entrance.way
