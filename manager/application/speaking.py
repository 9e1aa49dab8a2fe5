"""Speaking to the gate of a running box: which sessions live, whether somebody is there, who may come; its report.

Beside the reconciler's passes and not within them: a logout must reach the box while the cloud is slow to answer.
"""

from datetime import timedelta
from typing import Any

import structlog

from manager.application.live import LiveBox
from manager.application.ports import Clock, Gate
from manager.application.registry import Registry
from manager.application.report import read_report
from manager.application.visits import Visits
from manager.domain.box import Intent
from manager.domain.errors import GateUnreachable
from manager.domain.power import Power, power_of

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# The box is promised a word every fifteen seconds; a tick late is still in time.
_EVERY = timedelta(seconds=10)
_AGAIN = timedelta(seconds=4)


class Speaking:
    """Sends statements."""

    def __init__(self, registry: Registry, gate: Gate, visits: Visits, clock: Clock) -> None:
        self._registry = registry
        self._gate = gate
        self._visits = visits
        self._clock = clock
        self._heard: set[str] = set()

    def hurry(self) -> None:
        """Something has changed that boxes have to know now: the next tick tells them."""
        for live in self._registry.all():
            live.statement_due = None

    def is_due(self, live: LiveBox) -> bool:
        """Whether the box runs, has a gate, and is to be told something."""
        if live.speaking or live.seen is None or power_of(live.seen.status) is not Power.ON:
            return False
        entrance = live.entrance(self._registry.rules)
        if not entrance.gated or entrance.door is None:
            return False
        return live.statement_due is None or self._clock.now() >= live.statement_due

    async def speak(self, live: LiveBox) -> None:
        """One statement, and what follows from the report."""
        door = live.entrance(self._registry.rules).door
        if door is None:
            return
        # Set before anything is sent: who wants it sooner meanwhile (`hurry`) gets another one.
        live.speaking, live.statement_due = True, self._clock.now() + _EVERY
        try:
            answer = await self._gate.say(door, self._statement(live))
        except GateUnreachable as error:
            live.statement_due = self._clock.now() + _AGAIN
            self._silent(live, error)
            return
        finally:
            live.speaking = False
        self._heard.add(live.name)
        live.reported(read_report(answer, self._clock.now()))
        self._registry.publish(live)

    def _silent(self, live: LiveBox, error: GateUnreachable) -> None:
        """Said once for each silence; while a box boots, silence is no news."""
        if live.name in self._heard:
            self._heard.discard(live.name)
            log.warning("the box's gate cannot be told anything", box=live.name, **error.data)

    def _statement(self, live: LiveBox) -> dict[str, Any]:
        now, hold = self._clock.now(), live.box.hold_until
        age = None if live.panel_at is None else max((now - live.panel_at).total_seconds(), 0.0)
        return {
            "sessions": self._visits.of(live.name),
            "keep_alive_age_s": None if age is None else round(age, 1),
            "hold_s": 0 if hold is None else max(round((hold - now).total_seconds(), 1), 0),
            "stopping": live.box.intent is Intent.OFF,
            "allowed": list(live.allowed_now(self._registry.rules, now)),
        }
