from dataclasses import replace
from datetime import timedelta

import pytest

from manager.application.ports import Pulse
from manager.domain.errors import InvalidInput
from tests.support.fakes import UnreachableCloud
from tests.support.world import World


class TestAQuietBox:
    async def test_is_stopped_after_the_idle_time(self) -> None:
        world = await World().running()
        await world.tick(29, minutes=1)
        assert world.phase == "ready"
        await world.tick(3, minutes=1)
        assert (world.vm.seen.status, world.phase) == ("TERMINATED", "off")
        assert world.status["last_session"]["cause"]["code"] == "idle"

    async def test_warns_five_minutes_before(self) -> None:
        world = await World().running()
        await world.tick(24, minutes=1)
        assert world.status["warning"] is None
        await world.tick(minutes=1.5)
        assert world.status["warning"]["code"] == "idle"

    async def test_goes_on_when_somebody_says_so(self) -> None:
        world = await World().running()
        await world.tick(28, minutes=1)
        last_activity, stops_at = world.boxes.keep_alive("comfyui", active=True)
        assert last_activity == world.clock.now()
        assert stops_at == world.clock.now() + timedelta(minutes=30)
        assert world.status["warning"] is None
        await world.tick(25, minutes=1)
        assert world.vm.seen.status == "RUNNING"

    async def test_is_not_held_by_a_forgotten_tab(self) -> None:
        world = await World().running()
        for _ in range(35):
            world.boxes.keep_alive("comfyui", active=False)
            await world.tick(minutes=1)
        assert world.vm.seen.status == "TERMINATED"

    async def test_is_stopped_by_a_manager_that_was_down_meanwhile_but_not_without_a_warning(self) -> None:
        world = await World().running()
        world.clock.advance(hours=8)
        await world.restart()
        await world.tick(2)
        assert (world.vm.seen.status, world.status["warning"]["code"]) == ("RUNNING", "idle")
        await world.tick(4, minutes=2)
        assert world.vm.seen.status == "TERMINATED"

    async def test_is_not_quiet_for_a_new_manager_where_somebody_was_at_the_panel(self) -> None:
        world = await World().running()
        for _ in range(60):
            world.boxes.keep_alive("comfyui", active=True)
            await world.tick(minutes=1)
        await world.restart()
        await world.tick(20, minutes=1)
        assert world.vm.seen.status == "RUNNING"
        await world.tick(12, minutes=1)
        assert world.vm.seen.status == "TERMINATED"


class TestWorkInComfyUi:
    async def test_holds_the_box(self) -> None:
        world = await World().running()
        for _ in range(12):
            world.comfyui.person()
            await world.tick(minutes=10)
        assert world.vm.seen.status == "RUNNING"

    async def test_counts_once_however_often_it_is_told(self) -> None:
        world = await World().running()
        world.comfyui.person()
        await world.tick(33, minutes=1)
        assert world.vm.seen.status == "TERMINATED"

    async def test_of_before_the_manager_came_counts_by_its_age(self) -> None:
        world = await World().running()
        world.clock.advance(hours=1)
        world.comfyui.person(age=600)
        await world.restart()
        await world.tick()
        assert world.live.watch is not None
        assert world.live.watch.comfyui_at == world.clock.now() - timedelta(seconds=600)

    async def test_that_cannot_be_seen_is_asked_about(self) -> None:
        world = await World().running()
        world.comfyui.says = Pulse(running=0, pending=0, presence=False)
        await world.tick(26, minutes=1)
        assert world.status["warning"]["code"] == "idle.blind"
        assert (world.status["presence"], world.status["details"][-1]["code"]) == ("missing", "presence_missing")


class TestARender:
    async def test_holds_the_box_past_the_idle_time(self) -> None:
        world = await World().running()
        for _ in range(12):
            world.comfyui.render(pending=2)
            await world.tick(minutes=10)
        assert (world.vm.seen.status, world.status["busy"]) == ("RUNNING", True)
        assert world.status["render"]["pending"] == 2
        assert world.status["reason"] == "A render is running; it stays on."

    async def test_that_has_ended_holds_it_for_the_idle_time(self) -> None:
        world = await World().running()
        for _ in range(6):
            world.comfyui.render()
            await world.tick(minutes=10)
        world.comfyui.rest()
        await world.tick(29, minutes=1)
        assert world.vm.seen.status == "RUNNING"
        await world.tick(3, minutes=1)
        assert world.vm.seen.status == "TERMINATED"

    async def test_without_progress_for_30_minutes_stops_counting(self) -> None:
        world = await World().running()
        world.comfyui.render()
        await world.tick(32, minutes=1)
        assert world.vm.seen.status == "TERMINATED"

    async def test_found_at_the_first_word_counts_from_then(self) -> None:
        world = await World().running()
        world.comfyui.render()
        world.comfyui.says = replace(world.comfyui.says, boot_id="another boot")
        await world.tick(seconds=5)
        assert world.status["busy"]

    async def test_that_ended_before_the_manager_came_counts_by_its_age(self) -> None:
        world = await World().running()
        world.comfyui.says = replace(world.comfyui.says, progress_count=9, progress_age=300.0)
        world.clock.advance(hours=1)
        await world.restart()
        await world.tick()
        assert world.live.watch is not None
        assert world.live.watch.render_at == world.clock.now() - timedelta(seconds=300)


class TestTheGuardsVeto:
    async def test_holds_the_box_and_is_named(self) -> None:
        world = await World().running()
        world.comfyui.says = replace(world.comfyui.says, veto="a model download")
        await world.tick(50, minutes=1)
        assert world.vm.seen.status == "RUNNING"
        assert world.status["reason"] == "The box is busy with a model download; it stays on."
        assert world.status["details"][0]["code"] == "veto"


class TestAHold:
    async def test_keeps_the_box_on_and_then_no_longer(self) -> None:
        world = await World().running()
        await world.boxes.hold("comfyui", world.clock.now() + timedelta(hours=3))
        await world.tick(17, minutes=10)
        assert world.vm.seen.status == "RUNNING"
        assert world.status["reason"].startswith("On. Held until")
        await world.tick(3, minutes=10)
        assert world.vm.seen.status == "TERMINATED"

    async def test_can_be_ended(self) -> None:
        world = await World().running()
        await world.boxes.hold("comfyui", world.clock.now() + timedelta(hours=3))
        await world.boxes.hold("comfyui", None)
        assert world.status["hold_until"] is None
        assert world.journal()[-2:] == ["hold", "hold_ended"]

    @pytest.mark.parametrize("span", [timedelta(0), timedelta(seconds=-1), timedelta(days=8)])
    async def test_of_the_past_or_for_ever_is_refused(self, span: timedelta) -> None:
        world = await World().running()
        with pytest.raises(InvalidInput):
            await world.boxes.hold("comfyui", world.clock.now() + span)


class TestTheStopRace:
    async def test_a_render_that_came_at_the_last_moment_drops_the_stop(self) -> None:
        world = await World().running()
        await world.tick(29, minutes=1)
        quiet = world.comfyui.says
        busy = replace(quiet, running=1, progress_count=1, progress_age=0.0)
        world.comfyui.before_answer = [quiet, busy]
        await world.tick(minutes=2)
        assert world.vm.seen.status == "RUNNING"
        assert world.journal()[-1] == "idle_stop_dropped"


class TestSilence:
    async def test_is_neither_idle_nor_busy_and_ends_after_idle_time_and_grace(self) -> None:
        world = await World().running()
        world.comfyui.away = True
        await world.tick(39, minutes=1)
        assert world.vm.seen.status == "RUNNING"
        await world.tick(3, minutes=1)
        assert world.vm.seen.status == "TERMINATED"
        assert "silent_stop" in world.journal()
        assert world.status["last_session"]["cause"]["code"] == "silent"

    async def test_warns_in_its_own_words(self) -> None:
        world = await World().running()
        world.comfyui.away = True
        await world.tick(37, minutes=1)
        assert world.status["warning"]["code"] == "silent"

    async def test_of_a_comfyui_that_never_came_stops_the_box_too(self) -> None:
        world = await World().open()
        world.comfyui.away = True
        await world.boxes.start("comfyui")
        await world.tick(35, minutes=1)
        assert (world.phase, world.status["trouble"]["code"]) == ("trouble", "comfyui_unreachable")
        await world.tick(10, minutes=1)
        assert world.vm.seen.status == "TERMINATED"

    async def test_that_ends_is_journalled(self) -> None:
        world = await World().running()
        world.comfyui.away = True
        await world.tick(2)
        assert world.status["headline"]["code"] == "ready.unknown"
        world.comfyui.away = False
        await world.tick(2)
        assert world.journal()[-2:] == ["comfyui_lost", "comfyui_back"]

    async def test_that_the_managers_own_network_kept_stops_nobodys_work(self) -> None:
        world = await World(cloud=UnreachableCloud).running()
        world.cloud.away = world.comfyui.away = True
        await world.tick(60, minutes=1)
        world.cloud.away = world.comfyui.away = False
        world.comfyui.render()
        await world.tick(3)
        assert (world.vm.seen.status, world.phase) == ("RUNNING", "ready")

    async def test_that_the_managers_own_network_kept_ends_with_a_warning(self) -> None:
        world = await World(cloud=UnreachableCloud).running()
        world.cloud.away = world.comfyui.away = True
        await world.tick(60, minutes=1)
        world.cloud.away = world.comfyui.away = False
        await world.tick(3)
        assert (world.vm.seen.status, world.status["warning"]["code"]) == ("RUNNING", "idle")
        await world.tick(4, minutes=2)
        assert world.vm.seen.status == "TERMINATED"
