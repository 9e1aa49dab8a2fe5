"""The guard itself: one pass that looks, judges and tells; and the end, where a verdict asks for it."""

import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gpubox_agent.files import CLOSING, GUARD, read_json, write_json
from gpubox_agent.guard.aside import aside
from gpubox_agent.guard.comfyui import ComfyUi
from gpubox_agent.guard.course import Course, State, ends_at, go_on
from gpubox_agent.guard.ending import power_off
from gpubox_agent.guard.executor import Executor
from gpubox_agent.guard.journal import Journal
from gpubox_agent.guard.ledger import Ledger
from gpubox_agent.guard.look import seconds
from gpubox_agent.guard.relayed import hold_until, keep_alive_at, statement
from gpubox_agent.guard.report import attribute, report, sentence
from gpubox_agent.guard.sources import Sources
from gpubox_agent.guard.verdict import Policy, Reason, Sign, Verdict, judge

STATE = "guard-state.json"
# nginx remembers the gate's answers for ten seconds: a prompt let in before the door closed arrives within that time.
_DOOR_CLOSES_S = 12.0
_SHORT_S = 3.0

_log = logging.getLogger(__name__)


class Guest(Protocol):
    """Where the guest attribute goes."""

    def put(self, key: str, value: str) -> None:
        """Write soon. Never raises."""
        ...

    async def flush(self, timeout_s: float) -> None:
        """Write what waits now."""
        ...


@dataclass
class World:
    """Everything outside. `clock` is CLOCK_MONOTONIC; `tell` reaches people at a terminal."""

    comfyui: ComfyUi
    sources: Sources
    executor: Executor
    guest: Guest
    journal: Journal
    run: Path
    clock: Callable[[], float]
    pause: Callable[[float], Awaitable[None]]
    tell: Callable[[str], None]


class Guard:
    """Holds what was seen. `policy` may be changed between two passes."""

    def __init__(self, world: World, ledger: Ledger, policy: Policy, course: Course | None = None) -> None:
        self.policy = policy
        self._world = world
        self._ledger = ledger
        self._course = course or Course()
        self._told: State | None = None
        self._open_the_door()

    @property
    def interval_s(self) -> float:
        """How long to wait between two passes: short enough for a trial's idle time."""
        return max(0.5, min(5.0, self.policy.idle_s / 8))

    async def run_pass(self) -> State:
        """Look, judge, tell; and where the time is over, end. Comes back only if the machine stays on."""
        verdict, now = await self._judged(all_of_them=False)
        refusal = self._world.executor.refusal()
        self._course = go_on(self._course, verdict, self.policy, now) if refusal is None else Course(State.OFF)
        self._told_of(verdict, now)
        if self._course.state is State.STOPPING:
            await self._end(verdict)
        return self._course.state

    async def _judged(self, *, all_of_them: bool) -> tuple[Verdict, float]:
        """The verdict on what can be seen now, and the moment it is of."""
        look = await self._world.comfyui.look()
        seen = await self._world.sources.look(self._world.clock(), all_of_them=all_of_them)
        told = statement(self._world.run, self._world.clock)
        now = self._world.clock()
        if look is None:
            self._ledger.silent()
        else:
            self._ledger.answered(look, now)
        for sign, at in seen:
            self._ledger.saw(sign, at, now)
        if told is not None:
            # Only another word takes a hold back: the file goes whenever the gate is started anew.
            self._ledger.hold_until = hold_until(told)
            if (kept_at := keep_alive_at(told)) is not None:
                self._ledger.saw(Sign.KEEP_ALIVE, kept_at, now)
        return judge(self._ledger.signs(), self.policy), now

    def _told_of(self, verdict: Verdict, now: float) -> None:
        """Every pass to the files; to the manager, the journal and people where the state is a new one."""
        signs = self._ledger.signs()
        self._write(GUARD, report(self._course, verdict, signs, self.policy, now))
        announced_at = self._course.announced_at
        self._write(STATE, {"ledger": self._ledger.to_json(), "announced_at": announced_at})
        state, before, self._told = self._course.state, self._told, self._course.state
        if state is before:
            return
        self._world.guest.put("guard", attribute(self._course, verdict, self.policy, now))
        if state is State.ANNOUNCED:
            words = sentence(self._course, verdict, self.policy, now)
            _log.warning("%s", words.removeprefix("gpubox: "))
            self._world.journal.on_console(words)
            self._world.tell(words)
        elif state is State.OFF:
            _log.warning("this machine is not powered off from here: %s", self._world.executor.refusal())
        elif before is not None:
            _log.info("%s", "stopping" if state is State.STOPPING else "work again; staying on")

    async def _end(self, verdict: Verdict) -> None:
        """Close the door, and look again behind closed doors: a prompt that came in meanwhile is let go on."""
        self._write(CLOSING, {"at": self._world.clock(), "reason": verdict.reason.value})
        await self._world.pause(_SHORT_S if self.policy.idle_s < 10 * _DOOR_CLOSES_S else _DOOR_CLOSES_S)
        verdict, now = await self._judged(all_of_them=True)
        if now < ends_at(self._course, verdict, self.policy):
            self._open_the_door()
            self._course = go_on(self._course, verdict, self.policy, now)
            self._told_of(verdict, now)
            return
        note = self._world.journal.note
        await aside("noting the end", lambda: note(f"powering off: {_WHY[verdict.reason]}", now))
        await self._world.guest.flush(5.0)
        await power_off(self._world.executor, self._world.pause, lambda step: note(step, self._world.clock()))

    def _open_the_door(self) -> None:
        with contextlib.suppress(OSError):
            (self._world.run / CLOSING).unlink()

    def _write(self, name: str, body: dict[str, Any]) -> None:
        try:
            write_json(self._world.run / name, body)
        except OSError as cause:
            _log.warning("%s cannot be written: %s", name, cause)


def restored_course(run: Path) -> Course:
    """Since when a guard that ended in this boot had announced the end."""
    at = seconds((read_json(run / STATE) or {}).get("announced_at"))
    return Course() if at is None else Course(State.ANNOUNCED, at)


_WHY = {
    Reason.IDLE: "nobody and nothing was at work for the idle time and five minutes",
    Reason.SILENT: "ComfyUI does not answer, and nobody was at work",
    Reason.NEVER_READY: "ComfyUI never came up, and nothing moved for an hour",
    Reason.MAX_RUN: "the longest time is over",
}
