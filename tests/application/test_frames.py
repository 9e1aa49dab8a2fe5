"""What a browser is told to show: a box's address and the ticket that opens it."""

import json
from typing import Any

import pytest

from manager.application.visits import session_of
from manager.domain.errors import NothingToFrame, UnknownBox
from tests.application.gated import ANNA, PEM, RELAY, gated
from tests.support.world import World


async def test_frames_of_a_gated_box_carry_a_ticket_in_the_fragment() -> None:
    world = await gated()
    frame = await world.frames.frame("comfyui", ANNA)
    ticket = f"comfyui.{session_of('anna')}.20:00.12:00"
    assert (frame.url, frame.way) == (f"{RELAY}/_gpubox/enter#ticket={ticket}", "relay")
    assert world.status["comfyui_url"] == RELAY
    assert world.status["entrance"] == {"way": "relay", "gated": True, "relay": True}
    assert world.boxes.frame_source("comfyui") == RELAY


async def test_frames_are_at_the_host_of_the_page_where_no_setting_names_it() -> None:
    world = await gated(relay_follows=True)
    for page, relay in (
        ("http://localhost", "http://localhost:8186"),
        ("http://[::1]", "http://[::1]:8186"),
        ("https://gpu.lan", "https://gpu.lan:8186"),
        (None, RELAY),
    ):
        frame = await world.frames.frame("comfyui", ANNA, page=page)
        assert frame.url.startswith(f"{relay}/_gpubox/enter#ticket=")
        assert world.boxes.frame_source("comfyui", page) == world.boxes.relay("comfyui", page) == relay
    named = await gated()
    assert named.boxes.relay("comfyui", "http://localhost") == RELAY
    with pytest.raises(UnknownBox):
        named.boxes.relay("another")
    assert (await World().open()).boxes.relay("comfyui", "http://localhost") is None


async def test_frames_of_a_box_with_a_domain_may_go_through_the_relay() -> None:
    world = await gated(domain="comfy.example.com")
    world.vm.guest["entrance"] = json.dumps({"way": "letsencrypt", "url": "https://comfy.example.com"})
    await world.tick(seconds=61)
    own = await world.frames.frame("comfyui", ANNA)
    relayed = await world.frames.frame("comfyui", ANNA, "relay")
    assert (own.way, own.url.partition("#")[0]) == ("domain", "https://comfy.example.com/_gpubox/enter")
    assert (relayed.way, relayed.url.partition("#")[0]) == ("relay", f"{RELAY}/_gpubox/enter")
    assert world.boxes.frame_source("comfyui") == f"https://comfy.example.com {RELAY}"


async def test_frames_of_a_box_without_a_gate_are_its_plain_address() -> None:
    world = await World(relay_of=lambda _: RELAY).running()
    for way in (None, "relay"):
        frame = await world.frames.frame("comfyui", ANNA, way)
        assert (frame.url, frame.way) == (f"http://{world.vm.seen.external_ip}", "plain")
    assert world.visits.of("comfyui") == []


@pytest.mark.parametrize(
    ("guest", "rules", "way", "kind"),
    [
        ({"way": "none", "problem": "entrance_dns"}, {}, None, "closed"),
        ({"way": "relay", "certificate": PEM}, {"relay_of": lambda _: None}, None, "no_address"),
        ({"way": "relay", "certificate": None}, {}, None, "no_address"),
        ({"way": "relay", "certificate": PEM}, {"relay_of": lambda _: None}, "relay", "no_relay"),
        ({"way": "letsencrypt", "url": None, "certificate": PEM}, {"domain": "a.example.com"}, None, "no_address"),
    ],
)
async def test_frames_that_cannot_be_are_refused_with_why(
    guest: dict[str, Any], rules: dict[str, Any], way: str | None, kind: str
) -> None:
    world = await gated(**rules)
    world.vm.guest["entrance"] = json.dumps(guest)
    await world.tick(seconds=61)
    with pytest.raises(NothingToFrame) as refused:
        await world.frames.frame("comfyui", ANNA, way)
    assert refused.value.data["kind"] == kind


async def test_frames_of_a_box_that_is_off_are_refused() -> None:
    world = await World().open()
    await world.tick()
    with pytest.raises(NothingToFrame) as refused:
        await world.frames.frame("comfyui", ANNA)
    assert refused.value.data == {"kind": "off"}
