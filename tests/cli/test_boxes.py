"""Boxes are made and deleted at the embedded cloud, beside a running panel."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from manager.adapters.clock import SystemClock
from manager.application.boxes import new_box
from manager.assembly import DEMO_BOX
from manager.cli.reach import Reached, cloud_of, store_of
from manager.domain.box import Place
from manager.domain.errors import NoSuchResource
from manager.settings import Settings

from .conftest import Gpubox, RealPanel
from .terminal import typed

PROJECT, ZONE = "gpubox-demo", "us-central1-a"
Work = Callable[[Reached], Coroutine[Any, Any, Any]]


def at_the_cloud(panel: RealPanel, work: Work) -> Any:
    settings = Settings(state_dir=panel.state_dir)

    async def reach() -> Any:
        async with cloud_of(settings) as reached:
            return await work(reached)

    return asyncio.run(reach())


def in_the_books(panel: RealPanel) -> list[str]:
    async def names() -> list[str]:
        async with store_of(Settings(state_dir=panel.state_dir)) as store:
            return [box.name for box in await store.boxes()]

    return asyncio.run(names())


def disk(panel: RealPanel, name: str) -> bool:
    async def get(reached: Reached) -> bool:
        calls = reached.cloud.calls
        deadline = await calls.within(10)
        try:
            await calls.read("disks.get", {"project": PROJECT, "zone": ZONE, "disk": name}, None, deadline)
        except NoSuchResource:
            return False
        return True

    return at_the_cloud(panel, get)


def test_a_box_is_made_shown_with_its_price_and_deleted_without_its_data(gpubox: Gpubox, panel: RealPanel) -> None:
    made = gpubox("box", "create", "second", "--disk-size", "50", "--spot", "--yes", env=panel.env)
    assert (made.code, "The box second is there, and off." in made.out) == (0, True)
    assert "$0.328 an hour" in made.err  # 0.1140 + 0.2095 + 0.005
    assert "$15.00 a month, for the disks" in made.err
    assert in_the_books(panel) == ["comfyui", "second"]
    again = gpubox("box", "create", "second", "--yes", "--json", env=panel.env)
    assert json.loads(again.out)["outcome"] == "there"
    gone = gpubox("box", "delete", "second", "--yes", "second", "--json", env=panel.env)
    assert (gone.code, json.loads(gone.out)["kept_disks"]) == (0, ["second-data"])
    assert in_the_books(panel) == ["comfyui"]
    assert disk(panel, "second-data")


def test_the_data_disk_goes_only_where_its_name_is_given_again(gpubox: Gpubox, panel: RealPanel) -> None:
    assert gpubox("box", "create", "third", "--gpu", "none", "--yes", env=panel.env).code == 0
    for arguments in ((), ("--yes", "comfyui"), ("--delete-data-disk",)):
        assert gpubox("box", "delete", "third", *arguments, env=panel.env).code == 2
    delete = ["box", "delete", "third", "--delete-data-disk"]
    assert "That is not its name" in typed(delete, {"to go on: ": "y"}, panel.state_dir, panel.env)
    assert in_the_books(panel)[-1] == "third"
    assert "is deleted" in typed(delete, {"to go on: ": "third"}, panel.state_dir, panel.env)
    assert not disk(panel, "third-data")


def test_a_creation_that_was_killed_goes_on_with_the_same_command(gpubox: Gpubox, panel: RealPanel) -> None:
    place = Place(PROJECT, ZONE, "fourth")

    async def register() -> None:
        async with store_of(Settings(state_dir=panel.state_dir)) as store:
            await store.add_box(new_box("fourth", place, SystemClock().now()))

    asyncio.run(register())  # killed after the books were written: there is no VM yet
    create = ("box", "create", "fourth", "--yes", "--json")
    assert json.loads(gpubox(*create, env=panel.env).out)["outcome"] == "made"
    # Killed before the new VM was stopped: it is on, and nobody wants it on.
    at_the_cloud(panel, lambda reached: reached.cloud.start(place, "0b6b4b0e-6f0e-4d3c-9d55-3f1f0e0f5a01"))
    assert json.loads(gpubox(*create, env=panel.env).out)["outcome"] in ("stopped", "on")
    gpubox("stop", "--box", "fourth", "--wait", env=panel.env)
    # Killed between the VM and the disk: the VM is gone, the box is still in the books.
    at_the_cloud(panel, lambda reached: _stopped_and_deleted(reached, place))
    assert gpubox("box", "delete", "fourth", "--delete-data-disk", "--yes", "fourth", env=panel.env).code == 0
    assert not disk(panel, "fourth-data")
    assert in_the_books(panel) == ["comfyui"]


async def _stopped_and_deleted(reached: Reached, place: Place) -> None:
    await reached.cloud.stop(place, "0b6b4b0e-6f0e-4d3c-9d55-3f1f0e0f5a02")
    await reached.builder.delete_box(place)


def test_a_vm_that_is_somebody_elses_is_left_alone_unless_it_is_taken_over(gpubox: Gpubox, panel: RealPanel) -> None:
    place = Place(PROJECT, ZONE, "foreign")
    at_the_cloud(panel, lambda reached: reached.builder.create_box(place, DEMO_BOX_ELSEWHERE))
    refused = gpubox("box", "create", "foreign", "--yes", env=panel.env)
    assert (refused.code, "--adopt" in refused.err) == (8, True)
    assert in_the_books(panel) == ["comfyui"]
    assert gpubox("box", "create", "foreign", "--adopt", "--yes", env=panel.env).code == 0
    assert in_the_books(panel) == ["comfyui", "foreign"]
    assert gpubox("box", "delete", "foreign", "--yes", "foreign", env=panel.env).code == 0


DEMO_BOX_ELSEWHERE = type(DEMO_BOX)(machine_type="n1-standard-4", data_disk="foreign-data", tag="gpubox")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("Name",), 2, "small letters"),
        (("b", "--zone", "europe-west9-a", "--yes"), 7, "It is in: us-central1-a"),
        (("b", "--gpu", "nvidia-abacus", "--yes"), 7, "No zone offers it"),
        (("b", "--machine-type", "n1-standard-4000", "--gpu", "none", "--yes"), 7, ""),
        (("comfyui", "--zone", "us-central1-f", "--yes"), 8, "name is taken"),
        (("b",), 2, "--yes"),
    ],
)
def test_what_cannot_be_made_leaves_nothing_behind(
    gpubox: Gpubox, panel: RealPanel, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ran = gpubox("box", "create", *arguments, env=panel.env)
    assert (ran.code, said in ran.err, "Traceback" in ran.err) == (code, True, False)
    assert in_the_books(panel) == ["comfyui"]
    assert not disk(panel, "b-data")


def test_a_box_that_is_on_is_not_deleted(gpubox: Gpubox, panel: RealPanel) -> None:
    assert gpubox("start", "--wait", "--timeout", "60", env=panel.env).code == 0
    ran = gpubox("box", "delete", "comfyui", "--yes", "comfyui", env=panel.env)
    assert (ran.code, "Stop it first" in ran.err) == (1, True)
    assert gpubox("box", "delete", "nix", "--yes", "nix", env=panel.env).code == 8


def test_without_a_panel_the_embedded_cloud_comes_up_for_the_command(gpubox: Gpubox, tmp_path: Path) -> None:
    assert gpubox("box", "create", "alone", "--yes").code == 0
    assert gpubox("box", "delete", "alone", "--yes", "alone").code == 0
    assert (tmp_path / "state" / "embedded").is_dir()
