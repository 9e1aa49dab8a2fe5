"""What a box says of its own setup: read with suspicion, shown as it moves, and told in words where it fails."""

import json
from typing import Any

import pytest

from manager.application.setup import Setup, SetupStep, setup_of
from tests.support.world import World


def told(*steps: dict[str, Any], log: str = "", boot: str = "1") -> str:
    return json.dumps({"boot": boot, "steps": list(steps), "log": log, "problem": None})


def step(code: str, state: str, took_s: float | None = None, share: float | None = None) -> dict[str, Any]:
    return {"code": code, "state": state, "took_s": took_s, "share": share}


async def setting_up() -> World:
    """A box whose machine is up and whose ComfyUI does not answer yet."""
    world = await World().open()
    world.comfyui.away = True
    await world.boxes.start("comfyui")
    await world.tick(3)
    return world


async def hears(world: World, **guest: str) -> None:
    world.vm.guest.update(guest)
    world.clock.advance(seconds=61)
    await world.tick()


def lines(world: World) -> list[tuple[str, str]]:
    return [(line["code"], line["state"]) for line in world.status["progress"]["steps"]]


class TestWhatIsRead:
    def test_is_the_steps_the_log_and_the_problem(self) -> None:
        setup = setup_of(
            {
                "boot": "starting",
                "progress": told(step("disk", "done", 0.4), step("python", "now", share=0.25), log="Collecting"),
                "problem": "disk_space: 2 GB are left.",
            },
        )
        assert setup.steps == (SetupStep("disk", "done", 0.4), SetupStep("python", "now", share=0.25))
        assert (setup.log, setup.failed, setup.moving) == ("Collecting", False, True)
        assert setup.problem is not None
        assert (setup.problem.code, setup.problem.data["detail"]) == ("box.disk_space", "2 GB are left.")

    @pytest.mark.parametrize(
        "strange",
        [
            "",
            "{",
            "[]",
            "[" * 100_000,
            "7",
            '{"steps": 7}',
            '{"steps": [7, {}, {"code": 1, "state": "now"}, {"code": "disk", "state": "?"}]}',
            '{"steps": [{"code": "<script>", "state": "now"}]}',
        ],
    )
    def test_is_nothing_where_it_makes_no_sense(self, strange: str) -> None:
        assert setup_of({"progress": strange, "problem": " "}) == Setup()

    @pytest.mark.parametrize("number", [True, "7", -1, 1e9])
    def test_is_no_number_that_cannot_be(self, number: Any) -> None:
        assert setup_of({"progress": told(step("disk", "done", number, number))}).steps == (SetupStep("disk", "done"),)

    def test_is_shown_as_it_stands_where_the_problem_has_no_words(self) -> None:
        problem = setup_of({"problem": "what: is this?"}).problem
        assert problem is not None
        assert (problem.code, problem.data["detail"]) == ("box.other", "what: is this?")


class TestASetup:
    async def test_at_the_first_start_shows_every_step(self) -> None:
        world = await setting_up()
        await hears(world, progress=told(step("disk", "done", 0.3), step("python", "now"), step("nodes", "todo")))
        assert lines(world) == [
            ("capacity", "done"),
            ("booted", "done"),
            ("box.python", "now"),
            ("box.nodes", "todo"),
            ("comfyui", "todo"),
            ("ready", "todo"),
        ]
        assert world.status["headline"]["code"] == "setting_up.installing"

    async def test_later_shows_only_what_takes_its_time(self) -> None:
        world = await setting_up()
        world.live.usual = {"capacity": 5.0, "booted": 5.0, "comfyui": 9.0, "box.python": 60.0}
        await hears(world, progress=told(step("disk", "done", 3.0), step("python", "now"), step("nodes", "todo")))
        assert lines(world)[2:5] == [("box.disk", "done"), ("box.python", "now"), ("comfyui", "todo")]
        assert world.status["progress"]["steps"][3]["usual_s"] == 60
        eta = world.status["progress"]["eta_at"]
        await hears(world, progress=told(step("python", "done", 61.0), step("start", "now")))
        assert lines(world)[2:] == [("box.python", "done"), ("comfyui", "now"), ("ready", "todo")]
        assert world.status["progress"]["eta_at"] < eta

    async def test_is_no_part_of_what_the_next_start_will_take(self) -> None:
        world = await setting_up()
        await hears(world, progress=told(step("python", "done", 50.0), step("start", "done", 4.0)))
        world.comfyui.away = False
        await world.tick(2)
        assert world.live.usual["box.python"] == 50
        assert world.live.usual["comfyui"] < 20

    async def test_that_moves_holds_the_box_and_the_patience(self) -> None:
        world = await setting_up()
        for share in range(80):
            world.clock.advance(minutes=1)
            await hears(world, progress=told(step("python", "now", share=share / 100)))
        assert (world.phase, world.status["intent"]) == ("setting_up", "on")
        assert any("its own setup" in json.dumps(detail) for detail in world.status["details"])

    async def test_that_stands_still_is_trouble_and_ends_in_a_stop(self) -> None:
        world = await setting_up()
        await hears(world, progress=told(step("python", "now")))
        world.clock.advance(minutes=31)
        await world.tick()
        assert world.phase == "trouble"
        for _ in range(20):
            world.clock.advance(minutes=1)
            await world.tick()
        assert world.vm.seen.status == "TERMINATED"

    async def test_that_gave_up_says_why_at_once(self) -> None:
        world = await setting_up()
        failed = told(step("disk", "failed"))
        await hears(world, boot="failed", problem="disk_damaged: /dev/sdb: bad superblock.", progress=failed)
        assert world.phase == "trouble"
        assert world.status["trouble"]["title"] == "The data disk's file system is damaged."
        assert world.journal().count("fault") == 1
        assert ("box.disk", "failed") in lines(world)
        await hears(world, boot="failed")
        assert world.journal().count("fault") == 1

    @pytest.mark.parametrize("manager_dies", [False, True])
    async def test_is_not_blamed_for_what_the_run_before_said(self, *, manager_dies: bool) -> None:
        world = await setting_up()
        await hears(
            world, boot="failed", problem="disk_damaged: bad superblock.", progress=told(step("disk", "failed"))
        )
        assert world.phase == "trouble"
        await world.boxes.stop("comfyui")
        await world.tick(3)
        assert world.phase == "off"
        if manager_dies:
            await world.restart()
        await world.boxes.start("comfyui")
        await world.tick(6)
        assert world.phase == "setting_up"
        assert world.journal().count("fault") == 1
        await hears(world, boot="starting", problem="", progress=told(step("disk", "now"), boot="2"))
        assert ("box.disk", "now") in lines(world)

    async def test_that_stays_silent_may_have_been_suspended_and_what_it_said_still_holds(self) -> None:
        world = await setting_up()
        await hears(
            world, boot="failed", problem="disk_damaged: bad superblock.", progress=told(step("disk", "failed"))
        )
        await world.boxes.stop("comfyui")
        await world.tick(3)
        await world.boxes.start("comfyui")
        await world.tick(6, minutes=1)
        assert world.phase == "trouble"

    async def test_whose_problem_does_not_keep_comfyui_from_running_is_told_beside(self) -> None:
        world = await World().running()
        await hears(world, problem="disk_space: 2 GB are left.")
        assert world.phase == "ready"
        assert "The data disk is nearly full. {detail}" in [detail["text"] for detail in world.status["details"]]

    async def test_tells_its_log(self) -> None:
        world = await setting_up()
        await hears(world, boot="starting", progress=told(log="Collecting torch"))
        assert (await world.boxes.logs("comfyui", 0))["setup"] == {"boot": "starting", "log": "Collecting torch"}
