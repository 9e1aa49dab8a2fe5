"""What happens seldom and must be right all the same."""

from dataclasses import replace
from datetime import timedelta

from manager.adapters.memory import MemoryCloud
from manager.application.causes import cause_of
from manager.domain.box import Cause, Intent, Operation
from manager.domain.errors import Fault
from manager.domain.lifecycle import Follow
from tests.support.clock import NOON, ManualClock
from tests.support.factories import PLACE, call
from tests.support.world import World


class StaleCloud(MemoryCloud):
    """A cloud whose replicas may answer with the past: `old` is answered instead of the present."""

    old = None

    async def observe(self, place):  # noqa: ANN001, ANN201 - as its base
        return self.old if self.old is not None else await super().observe(place)


async def test_a_reading_of_the_past_is_not_believed() -> None:
    world = await World(cloud=StaleCloud).open()
    await world.tick()
    past = world.vm.seen
    await world.boxes.start("comfyui")
    await world.tick(3)
    world.cloud.old = past
    await world.tick(3, seconds=20)
    assert (world.phase, world.status["status"]) == ("ready", "RUNNING")


async def test_a_stop_right_after_a_start_that_does_not_show_yet_is_seen_through() -> None:
    world = await World(cloud=StaleCloud).running()
    await world.boxes.stop("comfyui")
    await world.tick(3)
    past = world.vm.seen
    await world.boxes.start("comfyui")
    world.cloud.old = past
    await world.tick(2)
    assert (world.vm.starts, world.status["status"]) == (2, "TERMINATED")
    await world.boxes.stop("comfyui")
    await world.tick(2)
    assert world.phase == "stopping"
    world.cloud.old = None
    await world.tick(5)
    assert (world.vm.seen.status, world.phase) == ("TERMINATED", "off")


async def test_a_person_who_changes_their_mind_while_the_start_is_being_stored_is_heard() -> None:
    world = await World().open()
    await world.tick()
    await world.boxes.start("comfyui")
    change = world.registry.change
    minds = iter(["stop"])

    async def and_then_stop(live, how, *, must=True):  # noqa: ANN001, ANN202 - as the registry's
        await change(live, how, must=must)
        if live.box.start is not None and live.box.start.request_id and next(minds, None):
            await world.boxes.stop("comfyui")

    world.registry.change = and_then_stop
    await world.tick()
    assert world.vm.starts == 0
    await world.tick(4, minutes=1)
    assert (world.vm.starts, world.phase) == (0, "off")


async def test_an_answer_to_a_call_that_another_one_replaced_changes_nothing() -> None:
    world = await World(cloud=lambda clock: MemoryCloud(clock, pending=True)).open()
    await world.boxes.start("comfyui")
    await world.tick(2)
    send = world.cloud.operation

    async def meanwhile(place, name):  # noqa: ANN001, ANN202 - as the cloud's
        world.live.box = replace(world.live.box, start=call(request_id="newer", called_at=world.clock.now()))
        return await send(place, name)

    world.cloud.operation = meanwhile
    await world.reconciler._actions.take(world.live, Follow(Intent.ON))
    assert world.live.box.start is not None
    assert world.live.box.start.request_id == "newer"


async def test_a_call_that_is_gone_needs_no_following() -> None:
    world = await World().open()
    assert not await world.reconciler._actions.take(world.live, Follow(Intent.ON))


async def test_googles_clock_may_be_behind_ours() -> None:
    world = await World().running()
    began = world.live.box.session_at
    world.vm.seen = replace(world.vm.seen, status="TERMINATED", stopped_at=NOON - timedelta(hours=1))
    await world.tick(2, minutes=1)
    (session,) = world.live.sessions
    assert session.started_at == began
    assert session.ended_at is not None
    assert session.ended_at > session.started_at


async def test_the_panel_keeps_the_run_limit_where_google_does_not() -> None:
    world = await World(max_run_s=3600).running()
    world.vm.seen = replace(world.vm.seen, run_limit_at=None)
    for _ in range(61):
        world.comfyui.person()
        await world.tick(minutes=1)
    assert "run_limit_stop" in world.journal()
    assert world.vm.seen.status == "TERMINATED"


async def test_a_run_that_ended_unseen_is_not_counted_into_the_next_one() -> None:
    world = await World().running()
    began = world.live.box.session_at
    world.clock.advance(hours=13)
    stopped, started = world.clock.now() - timedelta(hours=10), world.clock.now() - timedelta(minutes=1)
    world.vm.seen = replace(world.vm.seen, stopped_at=stopped, started_at=started)
    await world.restart()
    await world.tick(3)
    assert (world.vm.seen.status, world.live.box.session_at) == ("RUNNING", started)
    assert "run_limit_stop" not in world.journal()
    assert [(each.started_at, each.ended_at) for each in world.live.sessions] == [(began, stopped)]


async def test_a_machine_that_google_still_looks_for_a_place_for_is_not_billed() -> None:
    world = await World(status="STAGING").open()
    await world.tick(3)
    assert (world.live.box.session_at, world.status["cost"]["session"]) == (None, None)


async def test_a_run_that_goes_on_through_a_restart_of_the_manager_is_paid_once() -> None:
    world = await World().running()
    world.comfyui.person()
    await world.tick(minutes=20)
    before = world.status["cost"]
    await world.restart()
    await world.tick()
    assert {key: world.status["cost"][key] for key in ("today", "month_seconds")} == {
        key: before[key] for key in ("today", "month_seconds")
    }


async def test_a_clock_that_is_set_back_neither_stops_the_manager_nor_holds_the_box() -> None:
    world = await World().running()
    world.clock.advance(hours=5)
    world.comfyui.person()
    world.boxes.keep_alive("comfyui", active=True)
    await world.tick(2)
    world.clock.advance(hours=-2)
    asked = len(world.comfyui.asked)
    await world.tick(5)
    assert len(world.comfyui.asked) > asked
    await world.tick(29, minutes=1)
    assert world.vm.seen.status == "RUNNING"
    await world.tick(5, minutes=1)
    assert world.vm.seen.status == "TERMINATED"
    await world.restart()
    assert world.live.panel_at is not None
    assert world.live.panel_at <= world.clock.now()


async def test_a_clock_that_is_set_ahead_makes_nobody_absent_without_a_warning() -> None:
    world = await World(max_run_s=None).running()
    world.comfyui.render()
    await world.tick(2)
    await world.tick(days=1)
    assert (world.vm.seen.status, world.status["warning"]["code"]) == ("RUNNING", "idle")
    world.comfyui.render()
    await world.tick(10, minutes=1)
    assert world.vm.seen.status == "RUNNING"


async def test_without_a_run_limit_only_idleness_stops_the_box() -> None:
    world = await World(max_run_s=None).running()
    for _ in range(20):
        world.comfyui.person()
        await world.tick(hours=1)
        await world.tick(minutes=1)
        if world.vm.seen.status != "RUNNING":
            break
    assert "run_limit_stop" not in world.journal()


async def test_a_box_that_somebody_turned_off_during_the_last_question_is_let_be() -> None:
    world = await World().running()
    await world.tick(29, minutes=1)
    ask = world.comfyui.pulse
    asked = 0

    async def meanwhile(url: str):  # noqa: ANN202 - as ComfyUI's
        nonlocal asked
        asked += 1
        if asked == 2:  # the question before the stop
            await world.boxes.stop("comfyui")
        return await ask(url)

    world.comfyui.pulse = meanwhile
    await world.tick(minutes=2)
    await world.tick(2)
    assert "idle_stop" not in world.journal()
    assert world.phase == "off"


def test_operations_that_explain_nothing_are_passed_over() -> None:
    clock = ManualClock()
    operations = [Operation("1", "setLabels", done=True, at=clock.now()), Operation("2", "stop", done=True, at=NOON)]
    assert cause_of(Intent.OFF, operations) == (Cause.OUTSIDE, None)
    assert cause_of(Intent.ON, operations) == (Cause.UNKNOWN, None)


async def test_the_place_of_a_box_is_told() -> None:
    world = await World().open()
    assert world.status["machine"] == {"project": PLACE.project, "zone": PLACE.zone, "instance": PLACE.instance}


async def test_a_start_of_a_box_that_runs_with_a_fault_puts_the_fault_away() -> None:
    world = await World().running()
    await world.registry.change(world.live, lambda box: replace(box, fault=Fault("conflict")))
    await world.boxes.start("comfyui")
    assert world.status["reason"].startswith("On. Stops at")
    await world.tick(2)
    assert world.status["trouble"] is None
