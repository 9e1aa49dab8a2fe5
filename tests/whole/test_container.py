"""The whole way in a browser, to a box that boots like the VM: from Start on a new disk to a graph in the frame.

Everything between is real: the startup script out of metadata, nginx, TLS, the gate, the panel's relay, the guard.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from playwright.async_api import Frame, Page, expect

from manager.adapters.embedded.machines.container.network import SLOTS, is_taken
from tests.support.chromium import GRAPH_IS_THERE, PICTURE_IS_THERE
from tests.support.container import CONTAINER_MARKS
from tests.support.demo_repository import DemoRepository
from tests.support.git_server import git_app
from tests.support.whole import whole_with_containers

from .relayed import BLOCKED, browsing, log_in

pytestmark = [*CONTAINER_MARKS]

PATIENCE_S = 240.0
_IP_FREEBIND = 15  # of Linux: an address may be bound before there is one
ANSWERS = "() => fetch('/system_stats').then(answer => answer.status)"


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
async def frame_of(page: Page) -> AsyncIterator[Frame]:
    """ComfyUI's page in the panel's."""
    handle = await page.wait_for_selector("iframe")
    frame = await handle.content_frame()
    assert frame is not None
    await frame.wait_for_function(GRAPH_IS_THERE)
    yield frame


async def test_from_start_on_a_new_disk_to_a_graph_and_to_a_second_start_without_the_internet(tmp_path: Path) -> None:
    DemoRepository(tmp_path / "git" / "ComfyUI").release("v1.0")
    slots = [slot for slot in reversed(SLOTS) if not is_taken(slot)][:2]
    async with (
        git_at(f"10.203.{slots[1]}.1", tmp_path / "git") as git,
        whole_with_containers(
            tmp_path,
            slots,
            comfyui_git=f"{git}/ComfyUI",
            comfyui_ref="v1.0",
            # The box's own, so that nothing is fetched from where interpreters come from.
            box_python="3.11",
            without_gpu="cpu",
        ) as program,
        # Where third-party cookies are blocked, too.
        browsing(tmp_path, BLOCKED) as browser,
    ):
        page = await browser.new_page()
        await log_in(page, program.url)
        start = page.get_by_role("button", name="Start", exact=True)
        await start.click()
        await expect(page.get_by_role("heading", name="Setting up")).to_be_visible()
        # What the box itself is at is told from its first second on.
        to_come = page.get_by_role("listitem").filter(has_text="Installing Python and PyTorch")
        await expect(to_come).to_be_visible(timeout=PATIENCE_S * 1000)
        status = await program.until_phase("ready", patience_s=PATIENCE_S)
        assert status["entrance"] == {"way": "relay", "gated": True, "relay": True}
        async with frame_of(page) as comfyui:
            await comfyui.get_by_role("button", name="Run", exact=True).click()
            await comfyui.wait_for_function(PICTURE_IS_THERE)
        await program.until(lambda status: status["render"] is None or not status["render"]["running"])
        await expect(page.locator("header")).not_to_contain_text("Render")
        await page.get_by_role("button", name="Stop", exact=True).click()
        await program.until_phase("off")
        assert not program.ledger["billing"]

        # The second start takes another address, from which git cannot be reached, and needs nothing of it.
        await start.click()
        await program.until_phase("ready")
        async with frame_of(page) as comfyui:
            assert await comfyui.evaluate(ANSWERS) == 200
            behind_the_gate = f"{comfyui.url}system_stats"

            # Logging out ends it, for the page that is open too.
            await page.get_by_role("button", name="Menu").click()
            await page.get_by_role("button", name="Sign out").click()
            await page.wait_for_url(f"{program.url}/login*")
        window = await browser.new_page()
        answer = await window.goto(behind_the_gate)
        assert answer is not None
        assert answer.status == 401
