"""What can go wrong with a tunnel's token and with cloudflared, and what is told then."""

import base64
import os
from collections.abc import Callable

import pytest
from box import Box, wait_until
from tunnelled import CLOUDFLARED, FIRST, ORIGIN, does, running, tunnelled
from world import World


@pytest.fixture
def box(make_box: Callable[..., Box], world: World) -> Box:
    return tunnelled(make_box, world)


UNREADABLE = [
    ("", "An address is missing: gs://BUCKET/OBJECT, https://HOST/PATH or secret://PROJECT/NAME."),
    ("/etc/token", "/etc/token is none of gs://BUCKET/OBJECT, https://HOST/PATH and secret://PROJECT/NAME."),
    ("http://example.com/token", "http://example.com/token is none of gs://BUCKET/OBJECT"),
    ("gs://keys/none", "gs://keys/none could not be read: there is nothing at this address (HTTP 404)."),
    ("secret://p/none", "secret://p/none could not be read: there is nothing at this address (HTTP 404)."),
    ("https://127.0.0.1:9/token", "https://127.0.0.1:9/token could not be read: no answer from 127.0.0.1:9."),
]


@pytest.mark.parametrize(("address", "words"), UNREADABLE)
def test_a_token_that_cannot_be_read_is_told_with_its_address(
    make_box: Callable[..., Box], world: World, address: str, words: str
) -> None:
    box = tunnelled(make_box, world, cf_tunnel_token_path=address)
    told = box.apply()
    assert (told["way"], told["url"], told["problem"]) == ("tunnel", None, "entrance_tunnel")
    assert box.told("problem").startswith(f"entrance_tunnel: {words}")
    assert not running(box)
    assert "--on-active 60" in box.calls("systemd-run")[-1]


def test_who_may_not_read_the_token_is_told_so(box: Box) -> None:
    box.world.may_read = False
    assert box.apply()["problem"] == "entrance_tunnel"
    assert "the VM's service account may not read it (HTTP 403)" in box.told("problem")


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"<html>", b"hello", base64.b64encode(b"{}"), base64.b64encode(b"[]"), FIRST[:-9]]
)
def test_what_is_no_token_is_refused_without_repeating_it(box: Box, content: bytes) -> None:
    box.world.objects["keys/token"] = content
    assert box.apply()["problem"] == "entrance_tunnel"
    assert box.told("problem") == "entrance_tunnel: What lies at gs://keys/token is no tunnel's token."
    assert not running(box)
    assert not (box.folder / "run" / "tunnel" / "token").exists()


def test_where_cloudflared_cannot_be_had_it_is_told(box: Box) -> None:
    box.world.files.clear()
    assert box.apply()["problem"] == "entrance_tunnel"
    host = box.world.url.removeprefix("http://")
    assert box.told("problem") == f"entrance_tunnel: cloudflared could not be downloaded from {host}."


def test_another_cloudflared_than_the_pinned_one_is_not_run(box: Box) -> None:
    box.world.files |= dict.fromkeys(box.world.files, CLOUDFLARED + b"# and more\n")
    assert box.apply()["problem"] == "entrance_tunnel"
    assert "is not version 20" in box.told("problem")
    assert "its SHA-256 differs." in box.told("problem")
    assert not list((box.folder / "opt" / "cloudflared").iterdir())


def test_a_cloudflared_that_was_cut_short_is_downloaded_again(box: Box) -> None:
    box.apply()
    binary = box.folder / "opt" / "cloudflared" / "cloudflared"
    os.truncate(binary, 9)
    assert box.apply()["problem"] is None, box.said
    assert binary.read_bytes() == CLOUDFLARED


def test_a_cloudflared_that_exits_is_told_with_its_last_words_but_never_the_token(box: Box) -> None:
    does(box, "exits")
    told = box.apply()
    assert (told["url"], told["problem"]) == (None, "entrance_tunnel")
    assert "cloudflared does not connect. It says: " in box.told("problem")
    assert "Provided Tunnel token is not valid" in box.told("problem")
    assert FIRST.decode() not in box.told("problem") + box.said
    does(box, "connects")
    assert box.apply()["url"] == ORIGIN


def test_a_cloudflared_that_never_connects_is_told_and_goes_on_trying(box: Box) -> None:
    does(box, "waits")
    told = box.apply(GPUBOX_TUNNEL_PATIENCE="1")
    assert (told["url"], told["problem"]) == (None, "entrance_tunnel")
    assert running(box)
    assert "--on-active 60" in box.calls("systemd-run")[-1]

    def its_words_are_told() -> bool:
        box.apply(GPUBOX_TUNNEL_PATIENCE="1")
        return "It says: 2026-11-21T12:00:00Z ERR Failed to dial" in box.told("problem")

    # At the first time it may not have said anything yet.
    wait_until(its_words_are_told)


def test_where_the_token_cannot_be_read_again_the_tunnel_that_stands_is_kept(box: Box) -> None:
    box.apply()
    pid = running(box)
    box.world.may_read = False
    told = box.apply()
    assert (told["url"], told["problem"]) == (ORIGIN, "entrance_tunnel")
    assert running(box) == pid
