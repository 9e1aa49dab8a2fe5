"""The whole program in the test's own event loop: the real panel and the real Google client over HTTP.

The embedded cloud runs machines as processes. Time is real, plus what the test adds to it.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from manager import assembly
from manager.adapters.embedded.machines.command import ComfyUi
from manager.adapters.embedded.machines.container.network import address_of
from manager.adapters.embedded.server import factory
from manager.adapters.embedded.thread import CloudThread
from manager.adapters.gce import GceBuilder
from manager.domain.box import Place
from manager.panel import Panel
from manager.settings import Settings

PASSWORD = "a-password-for-tests"
PLACE = Place("studio-123", "us-central1-a", "comfyui")
PATIENCE_S = 60.0


class ShiftedClock:
    """The computer's time and what the test has added; the embedded cloud calls it, the panel asks it."""

    def __init__(self) -> None:
        self.shift = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.shift  # noqa: TID251 - the edge of this test's time

    now = __call__

    def advance(self, **span: float) -> None:
        self.shift += timedelta(**span)


class Whole:
    """A running panel with one box on an embedded cloud."""

    def __init__(self, panel: Panel, served: CloudThread, clock: ShiftedClock, url: str) -> None:
        self.panel, self.served, self.clock, self.url = panel, served, clock, url

    @property
    def ledger(self) -> dict[str, Any]:
        """What the embedded cloud has billed the box for, and how often it really started."""
        pages = httpx.get(f"{self.served.endpoint}/_gpubox/ledger").json()["instances"]
        return next(page for page in pages if page["name"] == PLACE.instance)

    async def until(self, what: Callable[[dict[str, Any]], bool], patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until the status is so."""
        deadline = asyncio.get_running_loop().time() + patience_s
        status: dict[str, Any] = {}
        while asyncio.get_running_loop().time() < deadline:
            status = httpx.Response(200, content=self.panel.boxes.status(PLACE.instance).body).json()
            if what(status):
                return status
            await asyncio.sleep(0.1)
        raise AssertionError(f"not in {patience_s} s: {status['phase']} {status['reason']} {status['trouble']}")

    async def until_phase(self, *phases: str, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        return await self.until(lambda status: status["phase"] in phases, patience_s)


def settings_for(state_dir: Path, endpoint: str, **more: Any) -> Settings:
    return Settings(
        _env_file=None,
        cloud="gce",
        gcp_project=PLACE.project,
        gce_zone=PLACE.zone,
        gce_instance=PLACE.instance,
        gce_api_endpoint=endpoint,
        auth_password=PASSWORD,
        state_dir=state_dir / "state",
        comfyui_poll_interval=0.3,
        **more,
    )


@asynccontextmanager
async def whole(
    folder: Path, *, comfyui: ComfyUi | None = None, address: str | None = "127.0.0.1", **more: Any
) -> AsyncIterator[Whole]:
    """Everything, up and listening on loopback; taken down at the end. `address` None puts the box on another site."""
    demo = ComfyUi(presence_nodes=assembly.asset("startup") / "custom_nodes")
    clock = ShiftedClock()
    with CloudThread(folder / "cloud", clock=clock, make=factory(comfyui or demo), address=address) as served:
        async with running(folder, served, clock, relay_at=None, **more) as program:
            yield program


@asynccontextmanager
async def whole_with_containers(folder: Path, slots: list[int], **more: Any) -> AsyncIterator[Whole]:
    """The same with a box that boots like the VM, has no domain and comes through the panel's relay.

    `slots` are those of its addresses, which change at every start: the second first, then by turns.
    """
    clock = ShiftedClock()
    make = factory(ComfyUi(), "container")
    with (
        CloudThread(folder / "cloud", clock=clock, make=make, pool=lambda _: map(address_of, slots)) as served,
        socket.create_server(("127.0.0.1", 0)) as relay_at,
    ):
        async with running(folder, served, clock, relay_at=relay_at, **more) as program:
            yield program


@asynccontextmanager
async def running(
    folder: Path, served: CloudThread, clock: ShiftedClock, relay_at: socket.socket | None, **more: Any
) -> AsyncIterator[Whole]:
    """The panel before this cloud, with one box in it."""
    listener = uvicorn.Config("", host="127.0.0.1", port=0, log_config=None).bind_socket()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    panel = Panel(settings_for(folder, served.endpoint, **more), public_url=url, clock=clock, relay_at=relay_at)
    await GceBuilder(panel.cloud.calls).create_box(PLACE, assembly.DEMO_BOX)
    server = uvicorn.Server(
        uvicorn.Config(await panel.open(), lifespan="off", log_config=None, ws="none", timeout_graceful_shutdown=1)
    )
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        yield Whole(panel, served, clock, url)
    finally:
        server.should_exit = True
        await serving
        await panel.close()
