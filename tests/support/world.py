"""A whole manager in memory: store, cloud, ComfyUI and clock are the test's to move."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from manager.adapters.memory import MemoryCloud
from manager.adapters.store.memory import MemoryStore
from manager.application.boxes import Boxes, new_box
from manager.application.frames import Frames
from manager.application.live import LiveBox, Rules
from manager.application.reconciler import Reconciler
from manager.application.registry import Registry
from manager.application.speaking import Speaking
from manager.application.visits import Visits
from manager.domain.cost import LIST_PRICES
from manager.domain.idle import Policy
from tests.support.clock import ManualClock
from tests.support.factories import PLACE
from tests.support.fakes import ScriptedComfyUi, ScriptedGate

RULES = Rules(
    policy=Policy(idle=timedelta(minutes=30)),
    rates=LIST_PRICES,
    max_run_s=12 * 3600,
    comfyui_url=None,
    domain=None,
    pulse_every=3,
    metadata={"enable-guest-attributes": "TRUE"},
)


def _ticket(box: str, session: str, ends: datetime, now: datetime) -> str:
    """Says what it is made of."""
    return f"{box}.{session}.{ends:%H:%M}.{now:%H:%M}"


class World:
    """A manager over one box. `restart()` is what a SIGKILL and a new process leave."""

    def __init__(
        self,
        *,
        cloud: Callable[[ManualClock], MemoryCloud] = MemoryCloud,
        store: MemoryStore | None = None,
        status: str = "TERMINATED",
        **rules: Any,
    ) -> None:
        self.clock = ManualClock()
        self.cloud: Any = cloud(self.clock)
        self.store: Any = store or MemoryStore()
        self.comfyui = ScriptedComfyUi()
        self.gate = ScriptedGate()
        self.rules = replace(RULES, **rules)
        self.vm = self.cloud.add(PLACE, status=status)
        self._ids = itertools.count(1)
        self._assemble()

    def _assemble(self) -> None:
        self.woken = 0
        self.registry = Registry(self.store, self.clock, self.rules, self._new_id)
        self.visits = Visits(self.store, self.clock)
        self.speaking = Speaking(self.registry, self.gate, self.visits, self.clock)
        self.reconciler = Reconciler(
            self.registry, self.cloud, self.comfyui, self.store, self.clock, self._new_id, self.speaking
        )
        self.frames = Frames(self.registry, self.visits, self.clock, _ticket)
        self.boxes = Boxes(self.registry, self.cloud, self.clock, self._wake)

    def _new_id(self) -> str:
        return f"{next(self._ids):08d}-0000-4000-8000-000000000000"

    def _wake(self) -> None:
        self.woken += 1

    async def open(self) -> "World":
        if not await self.store.boxes():
            await self.store.add_box(new_box("comfyui", PLACE, self.clock.now()))
        await self.registry.load()
        return self

    async def restart(self) -> None:
        self._assemble()
        await self.registry.load()

    @property
    def live(self) -> LiveBox:
        return self.registry.get("comfyui")

    @property
    def status(self) -> dict[str, Any]:
        return json.loads(self.boxes.status("comfyui").body)

    @property
    def phase(self) -> str:
        return str(self.status["phase"])

    def journal(self) -> list[str]:
        """The journal's codes, oldest first."""
        return [entry.code for entry in reversed(self.live.journal)]

    async def tick(self, times: int = 1, **span: float) -> None:
        """Let time pass and tick, so often."""
        for _ in range(times):
            self.clock.advance(**(span or {"seconds": 2}))
            await self.reconciler.tick()

    async def running(self) -> "World":
        """A box that was started and is ready."""
        await self.open()
        await self.boxes.start("comfyui")
        await self.tick(3)
        assert self.phase == "ready"
        return self
