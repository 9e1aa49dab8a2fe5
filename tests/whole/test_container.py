"""The whole way in a browser, to a box that boots like the VM: from Start on a new disk to a graph in the panel's frame.

Everything between is real: the startup script out of metadata, nginx, TLS, the gate, the panel's relay, the guard.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Frame, Page, expect

from manager.adapters.embedded.machines.container.network import SLOTS, is_taken
from tests.support.container import CONTAINER_MARKS
from tests.support.demo_repository import DemoRepository
from tests.support.git_server import git_app
from tests.support.whole import Whole, whole_with_containers

from .relayed import BLOCKED, browsing, log_in

pytestmark = [*CONTAINER_MARKS]

PATIENCE_S = 300.0
_IP_FREEBIND = 15  # of Linux: an address may be bound before there is one
GRAPH_IS_THERE = "() => window.app?.graph?._nodes?.length > 0"
PICTURE_IS_THERE = "() => window.app.graph._nodes.find(n => n.type === 'SaveImage').imgs?.[0]?.naturalWidth > 0"


@asynccontextmanager
async def git_at(address: str, folder: Path) -> AsyncIterator[str]:
    """Repositories, served at an address that comes to this computer with the box."""
    listener = socket.socket()
    listener.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
    listener.bind((address, 0))
    server = uvicorn.Server(uvicorn.Config(git_app(folder), lifespan="off", log_config=None))
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        yield f"http://{address}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def program_with_container(folder: Path) -> AsyncIterator[Whole]:
    DemoRepository(folder / "git" / "ComfyUI").release("v1.0")
    slots = [slot for slot in reversed(SLOTS) if not is_taken(slot)][:2]
    async with (
        git_at(f"10.203.{slots[1]}.1", folder / "git") as git,
        whole_with_containers(
            folder,
            slots,
            comfyui_git=f"{git}/ComfyUI",
            comfyui_ref="v1.0",
            box_python="3.11",
            without_gpu="cpu",
        ) as program,
    ):
        yield program


async def frame_of(page: Page) -> Frame:
    handle = await page.wait_for_selector("iframe")
    frame = await handle.content_frame()
    assert frame is not None
    await frame.wait_for_function(GRAPH_IS_THERE)
    return frame


async def test_from_start_on_a_new_disk_to_a_graph_through_relay_tls_nginx_and_gate(tmp_path: Path) -> None:
    # Where third-party cookies are blocked, too.
    async with program_with_container(tmp_path) as program, browsing(tmp_path, BLOCKED) as browser:
        page = await browser.new_page()
        await log_in(page, program.url)
        start = page.get_by_role("button", name="Start", exact=True)
        await start.click()
        await expect(page.get_by_role("heading", name="Setting up")).to_be_visible()
        status = await program.until_phase("ready", patience_s=PATIENCE_S)
        assert status["trouble"] is None

        comfyui = await frame_of(page)
        await comfyui.get_by_role("button", name="Run", exact=True).click()
        await comfyui.wait_for_function(PICTURE_IS_THERE)

        # Nobody comes back: the box is stopped, and off is said once the cloud has said so.
        program.clock.advance(minutes=31)
        final = await program.until_phase("off")
        assert final["last_session"]["cause"]["code"] == "idle"
        await expect(start).to_be_visible()
        await page.get_by_role("button", name=re.compile("^Start")).first.wait_for()
