"""How a box is reached: from the settings, its address, and what it says of itself."""

import json
from typing import Any

import pytest

from manager.application.entrance import Entrance, entering, entrance_of, read_entrance
from manager.application.ports import Door
from tests.support.world import World

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
IP, DOMAIN, RELAY = "203.0.113.5", "comfy.example.com", "http://127.0.0.1:8186"


def said(way: str, **more: Any) -> dict[str, str]:
    return {"entrance": json.dumps({"way": way, "url": None, "certificate": None, "problem": None} | more)}


def entrance(guest: dict[str, str], *, ip: str | None = IP, **rules: str) -> Entrance:
    return entrance_of(box="comfyui", ip=ip, guest=guest, **rules)


@pytest.mark.parametrize(
    ("guest", "rules", "url"),
    [
        ({}, {}, f"http://{IP}"),
        ({"comfyui-port": "8188"}, {"relay_url": RELAY}, f"http://{IP}:8188"),
        ({"comfyui-port": "8188"} | said("relay", certificate=PEM), {}, f"http://{IP}:8188"),
        ({}, {"domain": DOMAIN}, f"https://{DOMAIN}"),
        (said("relay", certificate=PEM), {"comfyui_url": "https://elsewhere.example"}, "https://elsewhere.example"),
        ({"entrance": "nonsense"}, {}, f"http://{IP}"),
        ({"entrance": "[]"}, {}, f"http://{IP}"),
        ({"entrance": "[" * 100_000}, {}, f"http://{IP}"),
        ({"comfyui-port": "99999"}, {}, f"http://{IP}"),
        ({"comfyui-port": "9" * 5000}, {}, f"http://{IP}"),
        ({"comfyui-port": "٨١٨٨"}, {}, f"http://{IP}"),
        ({"entrance": '{"way": 5}'}, {}, f"http://{IP}"),
    ],
)
def test_a_box_that_speaks_of_no_gate_is_asked_as_ever(guest: dict[str, str], rules: dict[str, str], url: str) -> None:
    found = entrance(guest, **rules)
    assert (found.gated, found.url, found.door) == (False, url, Door(url))


@pytest.mark.parametrize(("way", "called"), [("letsencrypt", "domain"), ("origin", "domain"), ("tunnel", "tunnel")])
def test_a_domain_is_the_settings_whatever_the_box_says(way: str, called: str) -> None:
    found = entrance(said(way, url="https://evil.example", certificate=PEM), domain=DOMAIN, relay_url=RELAY)
    assert found == Entrance(called, f"https://{DOMAIN}", Door(f"https://{DOMAIN}", "comfyui"), RELAY)
    assert found.origins == [f"https://{DOMAIN}", RELAY]


def test_in_the_relays_way_browsers_go_to_the_relay_and_the_manager_to_the_pinned_box() -> None:
    found = entrance(said("relay", url=f"https://{IP}", certificate=PEM), relay_url=RELAY)
    assert found == Entrance("relay", RELAY, Door(f"https://{IP}", "comfyui", PEM), RELAY)
    assert found.origins == [RELAY]
    assert entrance(said("relay", certificate=PEM), ip="2001:db8::5").door == Door(
        "https://[2001:db8::5]", "comfyui", PEM
    )


@pytest.mark.parametrize("certificate", [None, "", 5, "no certificate", PEM + "x" * 20_000])
def test_a_relay_without_a_certificate_has_no_door(certificate: Any) -> None:
    found = entrance(said("relay", certificate=certificate), relay_url=RELAY)
    assert (found.gated, found.url, found.door) == (True, RELAY, None)


def test_a_box_whose_address_browsers_do_not_accept_yet_is_spoken_to_by_its_own_certificate() -> None:
    found = entrance(said("letsencrypt", certificate=PEM, problem="entrance_dns"), domain=DOMAIN)
    assert found == Entrance("domain", None, Door(f"https://{IP}", "comfyui", PEM), None, "entrance_dns")


@pytest.mark.parametrize("way", ["none", "by pigeon"])
def test_a_box_that_is_closed_is_never_asked_in_the_clear(way: str) -> None:
    for rules in ({}, {"domain": DOMAIN}):
        found = entrance(said(way), **rules)
        assert (found.way, found.gated, found.url, found.door) == ("none", True, None, None)


async def test_a_box_that_writes_what_nobody_can_read_is_stopped_all_the_same() -> None:
    world = await World().running()
    # Whoever broke into the box can write it, and every tick reads it.
    world.vm.guest["entrance"] = "[" * 100_000
    await world.tick(seconds=61)
    await world.boxes.stop("comfyui")
    await world.tick(3)
    assert world.phase == "off"


def test_what_a_box_says_is_cut_where_it_is_too_long() -> None:
    read = read_entrance(json.dumps({"way": "none", "problem": "p" * 5000}))
    assert read is not None
    assert len(read.problem or "") == 100


def test_a_ticket_stands_in_the_fragment() -> None:
    assert entering("https://a.example/", "t") == "https://a.example/_gpubox/enter#ticket=t"
