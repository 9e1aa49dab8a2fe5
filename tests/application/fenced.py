"""A manager with a firewall rule before its box, and those who want to get in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from manager.application.allowing import Allowing
from manager.application.fencing import Fencing
from manager.application.outside import FirewallRule
from manager.domain.allowing import Fence
from manager.domain.box import Place
from tests.support.world import World

HOUR = timedelta(hours=1)
OFFICE = "93.184.216.0/24"
VISITOR = "84.20.30.40"
HOME = "84.20.30.40/32"
NARROW = Fence(permanent=(OFFICE,))
RELAY = Fence(relayed=True)
RULE = "gpubox-web"


class MemoryFirewall:
    """Rules in memory; `refuses` is raised by every call, `sets` counts the patches."""

    def __init__(self) -> None:
        self.rules: dict[str, FirewallRule] = {}
        self.refuses: Exception | None = None
        self.reads = 0
        self.sets: list[tuple[str, tuple[str, ...]]] = []
        self.meanwhile: Callable[[], Any] | None = None

    def add(self, name: str = RULE, *sources: str, targets: tuple[str, ...] = ("gpubox",), **fields: Any) -> None:
        self.rules[name] = FirewallRule(name, sources, targets, everywhere=not targets, **fields)

    async def rule(self, place: Place, name: str) -> FirewallRule | None:
        _ = place
        self.reads += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.refuses is not None:
            raise self.refuses
        return self.rules.get(name)

    async def set_sources(self, place: Place, name: str, sources: tuple[str, ...]) -> None:
        _ = place
        self.sets.append((name, sources))
        kept = self.rules[name]
        self.rules[name] = FirewallRule(name, sources, kept.targets, kept.everywhere, kept.opens)


class Fenced:
    """A manager with a firewall before its box."""

    def __init__(self, fence: Fence, *, rule: str | None = RULE, **world: Any) -> None:
        self.world = World(fence=fence, **world)
        self.firewall = MemoryFirewall()
        self.rule = rule
        self.hurried = 0
        self._assemble()

    def _assemble(self) -> None:
        registry, clock = self.world.registry, self.world.clock
        self.fencing = Fencing(registry, self.firewall, self.rule, clock)
        self.allowing = Allowing(registry, self.rule, None, clock, self._hurry)

    def _hurry(self) -> None:
        self.hurried += 1

    async def restart(self) -> None:
        await self.world.restart()
        self._assemble()

    async def tick(self, **span: float) -> None:
        await self.world.tick(**span)
        await self.fencing.tick()

    @property
    def sources(self) -> tuple[str, ...]:
        return self.firewall.rules[RULE].sources

    @property
    def notices(self) -> list[str]:
        return [notice["title"] for notice in self.world.status["notices"]]


async def off(fence: Fence = NARROW, *sources: str, **fields: Any) -> Fenced:
    """A box that is off, with a rule that holds these sources."""
    fenced = Fenced(fence, **fields)
    fenced.firewall.add(RULE, *sources)
    await fenced.world.open()
    await fenced.tick()
    return fenced


async def on(fence: Fence = NARROW, **fields: Any) -> Fenced:
    fenced = await off(fence, **fields)
    await fenced.world.running()
    await fenced.tick()
    return fenced
