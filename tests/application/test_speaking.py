"""What a running box's gate is told, when, and what its answer changes."""

import json
from datetime import timedelta

from manager.application.ports import Door
from manager.application.visits import session_of
from manager.messages import plain
from tests.application.gated import ANNA, PEM, RELAY, gated
from tests.support.world import World


class TestStatements:
    async def test_go_to_the_pinned_box_every_ten_seconds(self) -> None:
        world = await gated()
        before = len(world.gate.told)
        await world.tick(30, seconds=1)
        assert 2 <= len(world.gate.told) - before <= 3
        door, _ = world.gate.told[-1]
        assert door == Door(f"https://{world.vm.seen.external_ip}", "comfyui", PEM)
        assert world.comfyui.asked[-1] == door.url

    async def test_name_sessions_holds_people_and_an_intended_stop(self) -> None:
        world = await gated()
        await world.frames.frame("comfyui", ANNA)
        world.boxes.keep_alive("comfyui", active=True)
        await world.boxes.hold("comfyui", world.clock.now() + timedelta(minutes=10))
        world.speaking.hurry()
        await world.tick(seconds=2)
        assert world.gate.told[-1][1] == {
            "sessions": [session_of("anna")],
            "keep_alive_age_s": 2.0,
            "hold_s": 598.0,
            "stopping": False,
            "allowed": [],
        }
        await world.boxes.hold("comfyui", None)
        await world.boxes.stop("comfyui")
        world.speaking.hurry()
        await world.speaking.speak(world.live)
        assert (world.gate.told[-1][1]["hold_s"], world.gate.told[-1][1]["stopping"]) == (0, True)

    async def test_tell_of_a_logout_at_the_next_tick(self) -> None:
        world = await gated()
        await world.frames.frame("comfyui", ANNA)
        world.speaking.hurry()
        await world.tick(seconds=1)
        assert world.gate.told[-1][1]["sessions"] == [session_of("anna")]
        assert await world.visits.forget(ANNA)
        world.speaking.hurry()
        await world.tick(seconds=1)
        assert world.gate.told[-1][1]["sessions"] == []

    async def test_are_sent_again_soon_where_the_gate_is_away(self) -> None:
        world = await gated()
        world.gate.away = True
        await world.tick(seconds=11)
        world.gate.away = False
        before = len(world.gate.told)
        await world.tick(2, seconds=3)
        assert len(world.gate.told) == before + 1

    async def test_that_never_came_through_are_no_news_while_a_box_boots(self) -> None:
        world = World(relay_of=lambda _: RELAY)
        world.gate.away = True
        world.vm.guest["entrance"] = json.dumps({"way": "relay", "url": None, "certificate": PEM})
        await world.open()
        await world.boxes.start("comfyui")
        await world.tick(4)
        assert (world.phase, world.live.report, world.gate.told) == ("ready", None, [])

    async def test_are_one_at_a_time_and_a_logout_meanwhile_is_not_lost(self) -> None:
        world = await gated()
        world.live.speaking = True
        world.live.statement_due = None
        assert not world.speaking.is_due(world.live)
        world.live.speaking = False
        assert world.speaking.is_due(world.live)

    async def test_go_to_no_box_without_a_gate_and_none_that_is_off(self) -> None:
        world = await World().running()
        await world.tick(20, seconds=5)
        assert world.gate.told == []
        await world.speaking.speak(world.live)
        world = await gated()
        await world.boxes.stop("comfyui")
        await world.tick(5)
        assert world.phase == "off"
        before = len(world.gate.told)
        await world.tick(5, seconds=20)
        assert len(world.gate.told) == before

    async def test_that_break_break_nothing_else(self) -> None:
        world = await gated()
        world.vm.guest["entrance"] = json.dumps({"way": "relay", "certificate": None})
        await world.tick(seconds=61)
        await world.speaking.speak(world.live)
        world.speaking.hurry()
        assert not world.speaking.is_due(world.live)

        async def broken(*_: object) -> None:
            raise ZeroDivisionError

        world = await gated()
        world.gate.say = broken  # type: ignore[method-assign,assignment]
        await world.tick(20, seconds=2)
        assert world.phase == "ready"


class TestTheReport:
    async def test_holds_the_box_on_while_the_guard_says_so(self) -> None:
        world = await gated()
        world.gate.answer |= {"guard": {"state": "watching", "veto": "upload"}}
        await world.tick(8, minutes=5)
        assert world.vm.seen.status == "RUNNING"
        assert (world.status["busy"], world.status["reason"]) == (True, "The box is busy with an upload; it stays on.")
        assert "The box is busy with an upload." in [
            detail["text"].replace("{what}", detail["values"].get("what", "")) for detail in world.status["details"]
        ]
        world.gate.answer |= {"guard": {"state": "watching", "veto": None}}
        await world.tick(8, minutes=5)
        assert world.vm.seen.status == "TERMINATED"

    async def test_tells_the_managers_own_address(self) -> None:
        world = await gated()
        assert world.live.manager_address == "192.0.2.1"
        assert world.live.report is not None

    async def test_is_forgotten_once_the_box_is_off(self) -> None:
        world = await gated()
        await world.boxes.stop("comfyui")
        await world.tick(5)
        assert (world.live.report, world.live.vetoed_at, world.live.guest) == (None, None, {})

    async def test_of_a_download_holds_the_box_on_until_it_ends(self) -> None:
        world = await gated()
        running = {"name": "a.safetensors", "folder": "checkpoints", "state": "running", "bytes": 1, "size": 4}
        files = [running | {"name": "b.pt", "state": "done", "bytes": 4}, running]
        world.gate.answer |= {"models": {"state": "running", "files": files}}
        await world.tick(8, minutes=5)
        assert world.vm.seen.status == "RUNNING"
        assert world.status["busy"]
        assert world.status["reason"] == "Downloading models, 1 of 2 are there; it stays on."
        assert world.status["models"]["code"] == "models.running"
        said = [(signal["signal"], signal["values"]) for signal in world.boxes.activity("comfyui")["signals"]]
        assert ("veto", {"what": "a download"}) in said
        world.gate.answer |= {"models": {"state": "done", "files": files}}
        await world.tick(8, minutes=5)
        assert world.vm.seen.status == "TERMINATED"
        assert world.status["models"] is None

    async def test_of_a_download_is_not_the_headline_while_something_else_goes_on(self) -> None:
        world = await gated()
        models = {"state": "running", "files": []}
        world.gate.answer |= {"models": models, "guard": {"state": "watching", "veto": "upload"}}
        await world.tick(seconds=11)
        assert world.status["reason"] == "The box is busy with an upload; it stays on."
        world.gate.answer |= {"guard": None, "models": models}
        world.comfyui.render()
        await world.tick(seconds=11)
        assert world.status["headline"]["code"] != "ready.models"
        world.gate.answer |= {"guard": {"state": "watching", "veto": "download"}, "models": models | {"state": "done"}}
        world.comfyui.rest()
        await world.tick(seconds=11)
        assert world.status["reason"] == "The box is busy with a download; it stays on."

    async def test_that_the_box_turns_itself_off_is_told_as_long_as_it_is_news(self) -> None:
        world = await gated()
        world.gate.answer |= {"guard": {"state": "announced", "reason": "max_run", "stops_in_s": 240}}
        await world.tick(seconds=11)
        ends = plain(world.clock.now() + timedelta(seconds=240))
        status = world.status
        assert status["warning"] == {
            "code": "guard.max_run",
            "text": "The box turns itself off in {stops_in} because its longest time is over.",
            "values": {"stops_in": ends},
        }
        assert status["details"][0] == status["warning"]
        assert status["stops_at"] == ends
        world.gate.answer |= {"guard": {"state": "stopping", "reason": "max_run", "stops_in_s": 0}}
        await world.tick(seconds=11)
        assert world.status["warning"]["code"] == "guard.stopping"
        world.gate.away = True
        await world.tick(2, seconds=30)
        assert world.status["warning"] is None

    async def test_a_stop_of_the_managers_own_that_comes_before_is_the_warning(self) -> None:
        world = await gated()
        world.gate.answer |= {"guard": {"state": "announced", "reason": "idle", "stops_in_s": 900}}
        await world.tick(14, minutes=2)
        assert world.status["warning"]["code"] == "idle"
        assert world.status["details"][0]["code"] == "guard.idle"

    async def test_somebody_who_comes_back_is_told_to_the_box_at_once(self) -> None:
        world = await gated()
        await world.tick(seconds=11)
        before = world.live.statement_due
        world.boxes.keep_alive("comfyui", active=True)
        assert world.live.statement_due == before
        world.gate.answer |= {"guard": {"state": "announced", "reason": "idle", "stops_in_s": 240}}
        await world.tick(seconds=11)
        woken = world.woken
        world.boxes.keep_alive("comfyui", active=True)
        assert (world.live.statement_due, world.woken) == (None, woken + 1)
        await world.tick(seconds=1)
        assert world.gate.told[-1][1]["keep_alive_age_s"] == 1.0

    async def test_a_guard_that_may_not_act_says_so(self) -> None:
        world = await gated()
        world.gate.answer |= {"guard": {"state": "off"}}
        await world.tick(seconds=11)
        assert "guard.off" in [detail["code"] for detail in world.status["details"]]

    async def test_names_what_a_newer_box_is_busy_with(self) -> None:
        world = await gated()
        world.gate.answer |= {"guard": {"state": "watching", "veto": "backup"}}
        await world.tick(seconds=11)
        assert world.live.veto(world.clock.now()) == "backup"
