"""Which boot's words were heard last, and that it is remembered."""

import json
from datetime import datetime, timedelta

import pytest

from manager.application.hearing import Heard, boot_of, heard_from
from tests.support.clock import NOON
from tests.support.fakes import FullDiskStore
from tests.support.world import World

SOON = NOON + timedelta(minutes=1)


@pytest.mark.parametrize("started_at", [NOON, None])
def test_what_is_kept_is_read_again(started_at: datetime | None) -> None:
    heard = Heard("a", started_at)
    assert heard_from(heard.as_text()) == heard
    assert heard_from(None) is None


@pytest.mark.parametrize("progress", ["", "{", "[]", "{}", "7", "null", '{"boot": 7}', '{"boot": null}', "[" * 5000])
def test_words_that_name_no_boot_are_of_none(progress: str) -> None:
    assert boot_of({"progress": progress}) == boot_of({}) == ""


def test_words_of_another_boot_of_the_same_run_and_of_a_run_nobody_knows_are_of_this_one() -> None:
    earlier = Heard("a", NOON - timedelta(hours=1))
    assert earlier.is_over("a", NOON, SOON)
    assert not earlier.is_over("b", NOON, SOON)
    assert not earlier.is_over("a", earlier.started_at, SOON)
    assert not earlier.is_over("a", None, SOON)


async def test_a_box_is_believed_although_which_boot_it_is_cannot_be_kept() -> None:
    world = await World(store=FullDiskStore()).open()
    world.comfyui.away = True
    await world.boxes.start("comfyui")
    await world.tick(3)
    world.store.full = True
    world.vm.guest["progress"] = json.dumps({"boot": "1", "steps": [{"code": "disk", "state": "now"}]})
    await world.tick(seconds=61)
    assert [line["code"] for line in world.status["progress"]["steps"]].count("box.disk") == 1
