"""Another version of ComfyUI: asked for, remembered, and told to the box."""

from dataclasses import replace

import pytest

from manager.domain.errors import CloudUnreachable, UnknownBox
from tests.support.fakes import RefusingCloud
from tests.support.world import World

REF = "gpubox-comfyui-ref"
AS_SET = {"enable-guest-attributes": "TRUE", REF: "v0.33.0"}


async def running(**rules: object) -> World:
    return await World(metadata=AS_SET, **rules).running()


async def test_a_box_that_is_on_is_told_at_once() -> None:
    world = await running()
    await world.boxes.update("comfyui", "v0.34.0")
    assert world.woken
    await world.tick()
    assert world.vm.seen.metadata[REF] == "v0.34.0"
    assert world.phase == "ready"
    assert "update_asked" in world.journal()
    assert world.status["comfyui"]["asked"] == "v0.34.0"


async def test_nothing_else_is_written_to_a_box_that_is_on() -> None:
    world = await running()
    world.vm.seen = replace(world.vm.seen, metadata={**world.vm.seen.metadata, "gpubox-box": "by hand"})
    await world.boxes.update("comfyui", "v0.34.0")
    await world.tick()
    assert world.vm.seen.metadata["gpubox-box"] == "by hand"


async def test_a_box_that_is_off_is_told_at_its_next_start() -> None:
    world = await World(metadata=AS_SET).open()
    await world.tick()
    await world.boxes.update("comfyui", "v0.34.0")
    await world.tick()
    assert REF not in world.vm.seen.metadata
    await world.boxes.start("comfyui")
    await world.tick(3)
    assert world.vm.seen.metadata[REF] == "v0.34.0"


async def test_the_next_start_and_the_next_process_keep_it() -> None:
    world = await running()
    await world.boxes.update("comfyui", "v0.34.0")
    await world.tick()
    await world.boxes.stop("comfyui")
    await world.tick(3)
    await world.restart()
    await world.tick()
    await world.boxes.start("comfyui")
    await world.tick(3)
    assert world.phase == "ready"
    assert world.vm.seen.metadata[REF] == "v0.34.0"


async def test_a_box_goes_back_to_the_settings() -> None:
    world = await running()
    await world.boxes.update("comfyui", "v0.34.0")
    await world.tick()
    await world.boxes.update("comfyui", None)
    assert world.status["comfyui"]["asked"] is None
    assert world.live.wanted(world.rules).metadata[REF] == "v0.33.0"
    assert world.journal()[-1] == "update_asked.setting"


async def test_a_cloud_that_does_not_take_it_is_told_and_asked_again() -> None:
    world = await running(cloud=RefusingCloud)
    world.cloud.refuses = {"write_metadata": CloudUnreachable(endpoint="http://127.0.0.1:1", detail="refused")}
    await world.boxes.update("comfyui", "v0.34.0")
    await world.tick()
    assert world.phase == "ready"
    assert [notice["code"] for notice in world.status["notices"]] == ["cloud_unreachable"]
    world.cloud.refuses = {}
    await world.tick(seconds=20)
    assert world.status["notices"] == []
    assert world.vm.seen.metadata[REF] == "v0.34.0"


async def test_a_failed_update_is_told_while_the_box_goes_on() -> None:
    world = await running()
    await world.boxes.update("comfyui", "v0.34.0")
    world.vm.guest = {"problem": "update_failed: no such tag."}
    await world.tick(6, seconds=5)
    assert world.phase == "ready"
    assert [notice["code"] for notice in world.status["notices"]] == ["box.update_failed"]


async def test_the_box_is_asked_more_often_while_it_updates() -> None:
    world = await running()
    await world.tick(seconds=61)
    world.vm.guest = {"problem": "update_failed: before."}
    await world.tick(4, seconds=11)
    assert world.status["notices"] == []
    await world.boxes.update("comfyui", "v0.34.0")
    await world.tick(2, seconds=11)
    assert world.status["notices"] != []


async def test_the_version_that_runs_is_shown() -> None:
    world = await running()
    world.comfyui.says = replace(world.comfyui.says, version="0.33.0")
    await world.tick(seconds=5)
    assert world.status["comfyui"] == {"asked": None, "version": "0.33.0"}


async def test_only_a_box_that_is_there_is_updated() -> None:
    world = await World().open()
    with pytest.raises(UnknownBox):
        await world.boxes.update("other", "v0.34.0")
