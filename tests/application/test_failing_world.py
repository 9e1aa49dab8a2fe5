"""A store or a cloud that fails: nothing is lost, and nothing is said that is not known."""

import pytest

from manager.domain.box import Intent
from manager.domain.errors import (
    CloudRefused,
    NoSuchResource,
    StoreUnavailable,
)
from tests.support.factories import PLACE
from tests.support.fakes import FullDiskStore, RefusingCloud, UnreachableCloud
from tests.support.world import World


class TestAStoreThatFails:
    async def test_refuses_a_start_and_changes_nothing(self) -> None:
        world = await World(store=FullDiskStore()).open()
        world.store.full = True
        with pytest.raises(StoreUnavailable):
            await world.boxes.start("comfyui")
        await world.tick(2)
        assert (world.vm.starts, world.live.box.intent) == (0, Intent.OFF)

    async def test_in_the_middle_of_a_start_does_not_let_it_go_out_unremembered(self) -> None:
        world = await World(store=FullDiskStore()).open()
        await world.boxes.start("comfyui")
        world.store.full = True
        await world.tick(3)
        assert world.vm.starts == 0
        world.store.full = False
        await world.tick(3)
        assert world.phase == "ready"


class TestACloudThatIsSilent:
    async def test_is_trouble_after_a_while_and_over_when_it_answers(self) -> None:
        world = await World(cloud=UnreachableCloud).running()
        world.cloud.away = True
        await world.tick(15, seconds=10)
        assert (world.phase, world.status["trouble"]["code"]) == ("trouble", "cloud_unreachable")
        world.cloud.away = False
        await world.tick(seconds=10)
        assert world.phase == "ready"
        assert world.journal()[-2:] == ["unreachable", "reachable"]

    async def test_of_an_unseen_box_says_nothing_of_it(self) -> None:
        world = await World(cloud=UnreachableCloud).open()
        world.cloud.away = True
        await world.tick()
        assert (world.phase, world.status["reason"]) == ("stopping", "Asking Google how your box is.")
        await world.tick(seconds=60)
        assert world.phase == "trouble"

    async def test_a_box_that_does_not_exist_is_trouble(self) -> None:
        world = await World().open()
        del world.cloud.vms[PLACE]
        await world.tick(2, seconds=50)
        assert world.status["trouble"]["title"] == "There is no such instance."

    async def test_a_box_that_was_deleted_costs_nothing_more(self) -> None:
        world = await World().running()
        world.comfyui.person()
        await world.tick(minutes=20)
        gone = world.cloud.vms.pop(PLACE)
        await world.tick(2, minutes=1)
        spent = world.status["cost"]
        await world.tick(5, hours=2)
        assert world.status["cost"]["month_seconds"] == spent["month_seconds"]
        assert world.status["phase"] == "trouble"
        world.cloud.vms[PLACE] = gone
        await world.tick(2, seconds=5)
        assert world.live.box.session_at == gone.seen.started_at
        assert world.status["cost"]["month_seconds"] < 11 * 3600, "one that was merely out of sight is counted once"

    async def test_one_boxs_surprise_does_not_reach_the_others(self) -> None:
        world = await World().open()

        async def broken(_place: object) -> None:
            raise RuntimeError

        world.cloud.observe = broken
        await world.tick()
        assert not world.live.busy


class TestARefusalToTellWhy:
    async def test_leaves_the_cause_unknown(self) -> None:
        world = await World(cloud=RefusingCloud).running()
        world.cloud.refuses = {"recent_operations": CloudRefused(reason="x", message="y")}
        world.cloud.outside(PLACE, "stop")
        await world.tick(seconds=20)
        assert world.journal()[-1] == "adopted_off.unknown"

    async def test_of_an_instance_that_vanished_is_no_crash(self) -> None:
        world = await World(cloud=RefusingCloud).running()
        world.cloud.refuses = {"guest_attributes": NoSuchResource(kind="instance", name="comfyui")}
        await world.tick(minutes=2)
        assert world.phase == "ready"
