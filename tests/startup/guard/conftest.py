"""A guard whose world is at hand: time moves when a test says so, and powering off is written down."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from gpubox_agent.files import read_json, write_json
from gpubox_agent.guard.course import State
from gpubox_agent.guard.executor import Way
from gpubox_agent.guard.guard import STATE, Guard, World, restored_course
from gpubox_agent.guard.journal import Journal
from gpubox_agent.guard.ledger import Ledger, restored
from gpubox_agent.guard.look import Look
from gpubox_agent.guard.sources import Source, Sources
from gpubox_agent.guard.verdict import Policy, Sign


class PoweredOff(Exception):
    """The machine is off: nothing runs any more."""


class FakeMachine:
    """ComfyUI, sources, executor, guest attributes and clock in one, as one machine has them."""

    def __init__(self, folder: Path) -> None:
        self.now = 100.0
        self.run = folder / "run"
        self.state = folder / "state"
        self.answer: Look | None = Look(0, "a", 0, None, 0, None)
        self.sees: dict[Sign, float] = {}
        self.refused: str | None = None
        self.attributes: list[str] = []
        self.told: list[str] = []
        self.while_door_closes: Callable[[], None] = lambda: None
        self.guard = self.booted(Policy(idle_s=1800))

    def booted(self, policy: Policy) -> Guard:
        """A guard that has just been started, with what the one before it left."""
        world = World(
            comfyui=self,
            sources=Sources([Source("all", lambda _now: dict(self.sees), 0)]),
            executor=self,
            guest=self,
            journal=Journal(self.state, "this boot", self.run / "console"),
            run=self.run,
            clock=lambda: self.now,
            pause=self.pause,
            tell=self.told.append,
        )
        memory = (read_json(self.run / STATE) or {}).get("ledger")
        ledger = restored(memory, Ledger(100.0, self.now), self.now)
        self.guard = Guard(world, ledger, policy, restored_course(self.run))
        return self.guard

    async def look(self) -> Look | None:
        return self.answer

    def refusal(self) -> str | None:
        return self.refused

    def go(self, way: Way) -> None:
        assert way is Way.POWEROFF
        raise PoweredOff

    def put(self, key: str, value: str) -> None:
        assert key == "guard"
        self.attributes.append(value)

    async def flush(self, timeout_s: float) -> None:
        del timeout_s

    async def pause(self, seconds: float) -> None:
        self.now += seconds
        self.while_door_closes()

    def statement(self, **figures: Any) -> None:
        write_json(self.run / "manager.json", {"at": self.now, "keep_alive_age_s": None, "hold_s": None, **figures})

    def reported(self) -> dict[str, Any]:
        return cast("dict[str, Any]", read_json(self.run / "guard.json"))

    def closed(self) -> bool:
        return (self.run / "closing").exists()

    async def pass_(self, seconds: float = 0) -> State:
        self.now += seconds
        return await self.guard.run_pass()

    async def runs_for(self, seconds: float, step: float = 5) -> bool:
        """Passes until then; whether the machine is still on."""
        end = self.now + seconds
        try:
            while self.now < end:
                await self.pass_(min(step, end - self.now))
        except PoweredOff:
            return False
        return True


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path)
