"""The manager dies between any two lines; whatever comes after is one consistent box.

Every call to the store and to the cloud is a place to die: before it has acted, or after. A new manager then
starts from what is stored and what the cloud says.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from manager.adapters.memory import MemoryCloud
from manager.domain.box import Intent
from manager.domain.power import bills
from tests.support.clock import NOON
from tests.support.factories import PLACE
from tests.support.killing import Killed, Mortal
from tests.support.loop import run
from tests.support.world import World


def mortal_world(*, pending: bool) -> tuple[World, Mortal]:
    mortal = Mortal()
    world = World(cloud=lambda clock: MemoryCloud(clock, pending=pending))
    world.cloud = mortal.watching(world.cloud)
    world.store = mortal.watching(world.store)
    return world, mortal


async def settle(world: World) -> None:
    """Let everything that is under way come to its end, but not before the manager has looked and acted."""
    await world.tick(2)
    for _ in range(12):
        world.cloud.settle(PLACE)
        await world.tick(seconds=45)


async def ask_until_heard(world: World, mortal: Mortal, wanted: Intent) -> None:
    """Press the button; where the manager dies before it has heard that, the person presses again."""
    press = world.boxes.start if wanted is Intent.ON else world.boxes.stop
    asked = False
    try:
        await press("comfyui")
        asked = True
        await settle(world)
    except Killed:
        mortal.live()
        await world.restart()
        if not asked and world.live.box.intent is not wanted:
            await (world.boxes.start if wanted is Intent.ON else world.boxes.stop)("comfyui")
        await settle(world)
    mortal.live()


@pytest.mark.parametrize("pending", [False, True], ids=["at once", "in its time"])
@pytest.mark.parametrize("effect", [False, True], ids=["before the effect", "after the effect"])
@pytest.mark.parametrize("deadly", range(1, 40))
async def test_a_start_that_is_killed_at_any_call_starts_exactly_once(deadly: int, effect: bool, pending: bool) -> None:
    world, mortal = mortal_world(pending=pending)
    await world.restart()
    await world.open()
    mortal.die_at(deadly, after=effect)
    await ask_until_heard(world, mortal, Intent.ON)
    assert (world.vm.starts, world.vm.seen.status, world.phase) == (1, "RUNNING", "ready")


@pytest.mark.parametrize("pending", [False, True], ids=["at once", "in its time"])
@pytest.mark.parametrize("effect", [False, True], ids=["before the effect", "after the effect"])
@pytest.mark.parametrize("deadly", range(1, 25))
async def test_a_stop_that_is_killed_at_any_call_leaves_nothing_that_bills(
    deadly: int, effect: bool, pending: bool
) -> None:
    world, mortal = mortal_world(pending=pending)
    await world.restart()
    await world.open()
    await world.boxes.start("comfyui")
    await settle(world)
    mortal.die_at(deadly, after=effect)
    await ask_until_heard(world, mortal, Intent.OFF)
    assert (world.vm.starts, world.vm.seen.status, world.phase) == (1, "TERMINATED", "off")
    sessions = await world.store.sessions("comfyui", NOON)
    assert [session.ended_at is None for session in sessions] == [False]


@settings(max_examples=120, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
class AnyLife(RuleBasedStateMachine):
    """People, idleness, outsiders and deaths in any order."""

    @initialize(pending=st.booleans())
    def begin(self, pending: bool) -> None:
        self.world, self.mortal = mortal_world(pending=pending)
        self.starts_asked = 0
        self.last_word: str | None = None
        self._do(self.world.restart())
        self._do(self.world.open())

    def _do(self, work: Any, word: str | None = None) -> None:
        try:
            run(work)
            self.last_word = word or self.last_word
        except Killed:
            # What was asked in the moment of death may have been heard or not.
            self.last_word = None if word else self.last_word
            self.mortal.live()
            run(self.world.restart())

    @rule()
    def somebody_presses_start(self) -> None:
        self.starts_asked += 1
        self._do(self.world.boxes.start("comfyui"), "start")

    @rule()
    def somebody_presses_stop(self) -> None:
        self._do(self.world.boxes.stop("comfyui"), "stop")

    @rule(seconds=st.sampled_from([1, 3, 20, 45, 90]))
    def time_passes(self, seconds: int) -> None:
        self._do(self.world.tick(seconds=seconds))

    @rule()
    def the_cloud_finishes_what_it_does(self) -> None:
        self.world.cloud.settle(PLACE)

    @rule(kind=st.sampled_from(["stop", "compute.instances.preempted"]))
    def somebody_else_stops_the_box(self, kind: str) -> None:
        if self.world.vm.seen.status == "RUNNING":
            self.world.cloud.outside(PLACE, kind)
            self.last_word = None

    @rule()
    def somebody_else_starts_the_box(self) -> None:
        if self.world.vm.seen.status == "TERMINATED":
            self.world.cloud.outside(PLACE, "start")
            self.last_word = None

    @precondition(lambda self: self.mortal.armed is False)
    @rule(deadly=st.integers(1, 12), after=st.booleans())
    def the_manager_will_die(self, deadly: int, after: bool) -> None:
        self.mortal.die_at(deadly, after=after)

    @invariant()
    def off_is_never_said_of_a_box_that_was_last_seen_to_bill(self) -> None:
        live = self.world.live
        if str(live.phase(self.world.clock.now())) == "off":
            assert live.seen is not None
            assert not bills(live.seen.status)

    @invariant()
    def the_box_is_not_started_more_often_than_asked(self) -> None:
        assert self.world.vm.starts <= self.starts_asked

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.mortal.live()
        run(settle(self.world))
        live, vm = self.world.live, self.world.vm
        assert (vm.seen.status == "RUNNING") == (live.box.intent is Intent.ON)
        if self.last_word is not None:
            assert live.box.intent is (Intent.ON if self.last_word == "start" else Intent.OFF)
        assert live.box.start is None
        assert live.box.stop is None
        assert (live.box.session_at is not None) == (vm.seen.status == "RUNNING")


TestAnyLife = AnyLife.TestCase
