"""The guard as a process, on a machine that is not its own: it watches, tells, and powers nothing off."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gpubox_agent.files import read_json

REPOSITORY = Path(__file__).parents[3]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - another process brings it about
            await asyncio.sleep(0.02)


@pytest.fixture
async def metadata() -> AsyncIterator[tuple[str, list[str]]]:
    written: list[str] = []

    async def get(request: web.Request) -> web.Response:
        if request.path.endswith("/attributes/"):
            if "wait_for_change" in request.query:
                await asyncio.sleep(60)
            return web.json_response({"gpubox-guard-minutes": "0.1"}, headers={"ETag": "1"})
        return web.Response(text="box")

    async def put(request: web.Request) -> web.Response:
        written.append(await request.text())
        return web.Response()

    app = web.Application()
    app.router.add_get("/computeMetadata/v1/{path:.*}", get)
    app.router.add_put("/computeMetadata/v1/instance/guest-attributes/gpubox/guard", put)
    async with TestServer(app) as server:
        yield server.make_url("/").authority, written


async def test_it_runs_watches_and_ends(tmp_path: Path, metadata: tuple[str, list[str]]) -> None:
    address, written = metadata
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(str(tmp_path / "notify"))
    heard.settimeout(0)
    environment = {key: value for key, value in os.environ.items() if key != "INVOCATION_ID"} | {
        "PYTHONPATH": str(REPOSITORY / "startup" / "agent"),
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "GPUBOX_RUN": str(tmp_path / "run"),
        "GPUBOX_DATA": str(tmp_path / "data"),
        "GPUBOX_CONFIG": str(tmp_path / "box.json"),
        "STATE_DIRECTORY": str(tmp_path / "state"),
        "GCE_METADATA_HOST": address,
        "GPUBOX_COMFYUI_URL": "http://127.0.0.1:9",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gpubox_agent.guard", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        loop = asyncio.get_running_loop()
        assert b"READY=1" in await asyncio.wait_for(loop.sock_recv(heard, 4096), 30)
        assert b"WATCHDOG=1" in await asyncio.wait_for(loop.sock_recv(heard, 4096), 30)
        await until(lambda: _report(tmp_path)["state"] == "off")
        await until(lambda: bool(written))
        assert written[0].startswith('{"state":"off"')
        at = _report(tmp_path)["at"]
        await until(lambda: _report(tmp_path)["at"] > at)
        # Linux's own figure: what is not shared with other programs.
        assert psutil.Process(process.pid).memory_info().rss < 60 * 1024 * 1024
        process.send_signal(signal.SIGTERM)
        _, said = await asyncio.wait_for(process.communicate(), 30)
    finally:
        heard.close()
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    assert b"this machine is not powered off from here: this is no service of systemd" in said
    assert b"powers off after 0.1 quiet minutes" in said


def _report(folder: Path) -> dict[str, Any]:
    return read_json(folder / "run" / "guard.json") or {"state": None, "at": 0}
