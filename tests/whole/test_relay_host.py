"""A panel that no setting names, opened by whatever name: the relay is at the page's own host, and the frame works."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from manager import assembly
from manager.adapters.embedded.machines.command import ComfyUi
from manager.adapters.embedded.server import factory
from manager.adapters.embedded.thread import CloudThread
from manager.application import live
from manager.application.entrance import RELAY, Entrance, entrance_of
from tests.support.whole import PLACE, ShiftedClock, Whole, running

from .relayed import BLOCKED, LOOPBACK, browsing, log_in

pytestmark = pytest.mark.browser

TALKS = """() => new Promise(done => {
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws");
    socket.onopen = () => { socket.close(); done(true); };
    socket.onerror = () => done(false);
})"""


def relayed_entrance(**told: Any) -> Entrance:
    """The box's plain process as if it had a gate and no name, so that browsers come through the relay."""
    plain = entrance_of(**told)
    return plain if plain.url is None else Entrance(RELAY, told["relay_url"], plain.door, told["relay_url"])


@asynccontextmanager
async def panel(folder: Path, **settings: Any) -> AsyncIterator[tuple[Whole, int]]:
    """The program with its relay, and the relay's port."""
    clock = ShiftedClock()
    demo = ComfyUi(presence_nodes=assembly.asset("startup") / "custom_nodes")
    with (
        CloudThread(folder / "cloud", clock=clock, make=factory(demo), address="127.0.0.1") as served,
        socket.create_server(("127.0.0.1", 0)) as relay_at,
    ):
        port = relay_at.getsockname()[1]
        async with running(folder, served, clock, relay_at=relay_at, **settings) as program:
            yield program, port


@pytest.mark.parametrize("where", [LOOPBACK, BLOCKED])
async def test_the_frame_is_at_the_host_that_the_page_is_at(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "entrance_of", relayed_entrance)
    async with panel(tmp_path) as (program, port), browsing(tmp_path, where) as browser:
        await program.panel.boxes.start(PLACE.instance)
        assert (await program.until_phase("ready"))["comfyui_url"] == f"http://127.0.0.1:{port}"
        for host in ("127.0.0.1", "localhost"):
            page = await browser.new_page()
            refused: list[str] = []
            page.on("console", lambda line, to=refused: to.append(line.text) if "frame-src" in line.text else None)
            here = program.url.replace("127.0.0.1", host)
            await log_in(page, here)
            relay = f"http://{host}:{port}"
            element = await page.wait_for_selector("box-frame iframe")
            content = await element.content_frame()
            assert content is not None
            await content.wait_for_url(f"{relay}/")
            # Tried again where something else on this computer changes its network, at which Chromium cuts everything.
            await content.wait_for_function("fetch('/api/queue').then(answer => answer.ok, () => false)")
            await content.wait_for_function(TALKS)
            link = page.get_by_role("link", name="Open ComfyUI in a new tab")
            assert await link.get_attribute("href") == relay
            answer = await page.request.get(here)
            assert f"frame-src {relay};" in answer.headers["content-security-policy"]
            assert refused == []
            await page.close()


async def test_a_setting_that_names_the_panel_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "entrance_of", relayed_entrance)
    async with panel(tmp_path, public_url="http://127.0.0.1:8187") as (program, port):
        assert program.panel.boxes.relay(PLACE.instance, "http://localhost") == f"http://127.0.0.1:{port}"
