"""What whoever asks is told: where the box is, why it is on, and who else turned it on or off."""

from dataclasses import replace
from datetime import timedelta

import pytest

from manager.domain.errors import CloudRefused, UnknownBox
from tests.support.factories import PLACE
from tests.support.fakes import RefusingCloud
from tests.support.world import World


class TestTheAddress:
    async def test_is_the_boxs_own_with_the_port_that_it_tells(self) -> None:
        world = await World().open()
        world.vm.guest["comfyui-port"] = "8188"
        await world.boxes.start("comfyui")
        await world.tick(3)
        assert world.status["comfyui_url"] == f"http://{world.vm.seen.external_ip}:8188"
        assert world.boxes.frame_source("comfyui") == world.status["comfyui_url"]

    @pytest.mark.parametrize(
        ("rules", "url"),
        [
            ({"domain": "comfy.example.com"}, "https://comfy.example.com"),
            ({"comfyui_url": "https://elsewhere.example.com/c"}, "https://elsewhere.example.com/c"),
        ],
    )
    async def test_is_the_settings_where_they_name_one(self, rules: dict[str, str], url: str) -> None:
        world = await World(**rules).running()
        assert world.status["comfyui_url"] == url

    async def test_of_ipv6_stands_in_brackets(self) -> None:
        world = await World().running()
        world.vm.seen = replace(world.vm.seen, external_ip="2001:db8::1")
        await world.tick(seconds=20)
        assert world.status["comfyui_url"] == "http://[2001:db8::1]"
        assert world.journal()[-1] == "new_address"

    async def test_is_unknown_while_the_box_has_none(self) -> None:
        world = await World().open()
        assert world.boxes.frame_source("comfyui") is None
        await world.boxes.start("comfyui")
        await world.tick(2)
        world.vm.seen = replace(world.vm.seen, external_ip=None)
        await world.tick(2, seconds=20)
        assert world.status["comfyui_url"] is None


class TestWhoeverAsks:
    async def test_sees_every_signal_with_its_age(self) -> None:
        world = await World().running()
        await world.tick(minutes=1)
        activity = world.boxes.activity("comfyui")
        assert activity["verdict"] == world.status["reason"]
        assert {signal["signal"] for signal in activity["signals"]} == {"start", "panel"}
        assert all(signal["age_s"] >= 60 for signal in activity["signals"])
        await world.boxes.hold("comfyui", world.clock.now() + timedelta(hours=1))
        assert {"signal": "hold", "age_s": None}.items() <= world.boxes.activity("comfyui")["signals"][0].items()

    async def test_sees_nothing_of_a_box_that_is_off(self) -> None:
        world = await World().open()
        await world.tick()
        assert world.boxes.activity("comfyui")["signals"] == []
        assert world.boxes.keep_alive("comfyui", active=True) == (None, None)

    async def test_of_an_unknown_box_is_told_so(self) -> None:
        world = await World().open()
        with pytest.raises(UnknownBox):
            world.boxes.status("other")

    async def test_gets_the_serial_output(self) -> None:
        world = await World().open()
        assert await world.boxes.logs("comfyui", 7) == {"serial": {"text": "", "start": 7, "next": 7}, "setup": {}}


class TestSomebodyElse:
    async def test_who_starts_the_box_is_named_and_it_is_watched(self) -> None:
        world = await World().open()
        await world.tick()
        world.cloud.outside(PLACE, "start", "alice@example.com")
        await world.tick(2, minutes=2)
        assert world.phase == "ready"
        assert "adopted_on.outside" in world.journal()
        assert world.vm.seen.metadata == world.rules.wanted("comfyui").metadata
        assert "backstop_missing" in world.journal()
        world.cloud.outside(PLACE, "stop")
        await world.tick(2, minutes=2)
        world.cloud.outside(PLACE, "start", "bob@example.com")
        await world.tick(2, minutes=2)
        assert world.phase == "ready"
        await world.tick(33, minutes=1)
        assert world.vm.seen.status == "TERMINATED"

    async def test_who_starts_it_does_so_even_where_the_metadata_cannot_be_written(self) -> None:
        world = await World(cloud=RefusingCloud).open()
        world.cloud.refuses = {"write_metadata": CloudRefused(reason="x", message="y")}
        await world.tick()
        world.cloud.outside(PLACE, "start")
        await world.tick(2, minutes=2)
        assert world.phase == "ready"

    @pytest.mark.parametrize(
        ("kind", "code"),
        [
            ("stop", "outside"),
            ("compute.instances.preempted", "preempted"),
            ("compute.instances.deferredStop", "run_limit"),
            ("compute.instances.guestTerminate", "guest"),
            ("compute.instances.hostError", "host"),
        ],
    )
    async def test_who_stops_it_is_accepted_and_the_box_stays_off(self, kind: str, code: str) -> None:
        world = await World().running()
        world.cloud.outside(PLACE, kind)
        await world.tick(10, seconds=30)
        assert (world.vm.starts, world.phase) == (1, "off")
        assert f"adopted_off.{code}" in world.journal()
