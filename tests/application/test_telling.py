"""What is published, and who hears of it."""

import asyncio
import json

import pytest

from manager.application.boxes import new_box
from manager.application.channel import Channel, Published
from manager.domain.box import Place
from manager.domain.errors import Conflict, UnknownBox
from tests.support.factories import PLACE
from tests.support.fakes import FullDiskStore
from tests.support.world import World

OTHER = Place("gpubox-demo", "us-central1-b", "second")


class TestAChannel:
    async def test_tells_the_newest_state_first_and_then_each_change(self) -> None:
        channel = Channel()
        channel.publish(Published("1", b"one"))
        changes = channel.changes(None)
        assert (await anext(changes)).id == "1"
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        assert channel.watchers == 1
        channel.publish(Published("2", b"two"))
        assert (await waiting).body == b"two"
        await changes.aclose()
        assert channel.watchers == 0

    async def test_spares_those_who_know_it_already(self) -> None:
        channel = Channel()
        channel.publish(Published("1", b"one"))
        changes = channel.changes("1")
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        assert not waiting.done()
        channel.publish(Published("2", b"two"))
        assert (await waiting).id == "2"
        await changes.aclose()

    async def test_skips_what_a_slow_watcher_has_missed(self) -> None:
        channel = Channel()
        changes = channel.changes(None)
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        for number in range(5):
            channel.publish(Published(str(number), b""))
        assert (await waiting).id == "4"
        await changes.aclose()


class TestAStatus:
    async def test_is_dated_anew_at_each_reading_and_keeps_its_id(self) -> None:
        world = await World().open()
        one = world.boxes.status("comfyui")
        world.clock.advance(seconds=30)
        other = world.boxes.status("comfyui")
        assert one.id == other.id
        assert json.loads(one.body)["now"] == "2026-11-21T12:00:00.000Z"
        assert json.loads(other.body)["now"] == "2026-11-21T12:00:30.000Z"

    async def test_is_published_only_when_something_can_be_seen_to_change(self) -> None:
        world = await World().open()
        await world.tick(2)
        before = world.boxes.status("comfyui").id
        await world.tick(3)
        assert world.boxes.status("comfyui").id == before
        await world.boxes.start("comfyui")
        assert world.boxes.status("comfyui").id != before

    async def test_of_a_new_process_has_ids_of_its_own(self) -> None:
        world = await World().open()
        before = world.boxes.status("comfyui").id
        await world.restart()
        assert world.boxes.status("comfyui").id != before

    async def test_reaches_those_who_watch(self) -> None:
        world = await World().open()
        changes = world.boxes.changes("comfyui", None)
        assert json.loads((await anext(changes)).body)["phase"] == "stopping"
        await world.tick()
        assert json.loads((await anext(changes)).body)["phase"] == "off"
        await changes.aclose()

    async def test_tells_the_money(self) -> None:
        world = await World().running()
        await world.tick(4, minutes=5)
        cost = world.status["cost"]
        assert (cost["hourly"], cost["session"], cost["at_rest_monthly"]) == ("0.545", "0.18", "10.00")
        assert cost["today"] == "0.18"

    async def test_of_a_machine_without_a_price_claims_none(self) -> None:
        world = await World().open()
        world.vm.seen = world.vm.seen.__class__(
            world.clock.now(), "TERMINATED", world.vm.seen.machine.__class__("z9-mega"), world.vm.seen.scheduling
        )
        await world.boxes.start("comfyui")
        await world.tick(3)
        assert world.status["cost"]["session"] is None
        await world.boxes.stop("comfyui")
        await world.tick(3)
        assert world.journal()[-1] == "stopped.short"

    async def test_of_a_box_that_google_has_paused_says_that_it_bills(self) -> None:
        world = await World(status="SUSPENDED").open()
        await world.tick()
        assert world.status["headline"]["code"] == "paused"

    async def test_of_a_machine_without_gpu_is_queued_by_its_type(self) -> None:
        world = await World().open()
        from dataclasses import replace  # noqa: PLC0415

        from manager.domain.errors import Fault  # noqa: PLC0415

        bare = replace(world.vm.seen.machine, gpu=None)
        world.vm.seen = replace(world.vm.seen, machine=bare)
        await world.tick()
        live = world.live
        await world.boxes.start("comfyui")
        await world.registry.change(live, lambda box: replace(box, fault=Fault("stockout")))
        assert world.status["reason"] == "Waiting for a free n1-standard-4. Nothing is being billed."

    async def test_of_a_box_near_its_run_limit_warns(self) -> None:
        world = await World(max_run_s=3600).running()
        for _ in range(57):
            world.comfyui.person()
            await world.tick(minutes=1)
        assert world.status["warning"]["code"] == "run_limit"
        assert world.status["stops_at"] == world.status["run_limit_at"]


class TestTheBoxes:
    async def test_that_were_added_meanwhile_are_found(self) -> None:
        world = await World().open()
        await world.store.add_box(new_box("second", OTHER, world.clock.now()))
        await world.registry.load()
        assert world.boxes.names() == ["comfyui", "second"]

    async def test_that_were_removed_are_forgotten(self) -> None:
        world = await World().open()
        await world.store.remove_box("comfyui")
        await world.registry.load()
        assert world.boxes.names() == []
        with pytest.raises(UnknownBox):
            world.boxes.status("comfyui")

    async def test_that_another_manager_wrote_are_written_over(self) -> None:
        world = await World().open()
        stored = (await world.store.boxes())[0]
        await world.store.save_box(stored)
        await world.boxes.start("comfyui")
        assert world.status["intent"] == "on"

    async def test_that_vanished_from_the_store_are_unknown(self) -> None:
        world = await World().open()
        await world.store.remove_box("comfyui")
        world.store.save_box = _conflict
        with pytest.raises(UnknownBox):
            await world.boxes.start("comfyui")

    async def test_keep_their_books_in_memory_while_the_disk_is_full(self) -> None:
        world = await World(store=FullDiskStore()).open()
        await world.tick()
        world.store.full = True
        world.cloud.outside(PLACE, "start")
        await world.tick(3, minutes=1)
        world.cloud.outside(PLACE, "stop")
        await world.tick(3, minutes=1)
        assert world.status["last_session"]["started_at"] == "2026-11-21T12:00:02Z"

    async def test_learn_their_times_even_where_these_cannot_be_kept(self) -> None:
        world = await World(store=FullDiskStore()).open()
        world.comfyui.away = True
        await world.boxes.start("comfyui")
        await world.tick(3)
        world.store.full = True
        world.comfyui.away = False
        await world.tick(3)
        assert world.live.usual["comfyui"] > 0


async def _conflict(_box: object) -> None:
    raise Conflict(detail="changed")
