"""The embedded cloud as a program: one ASGI application, one sweep, one uvicorn."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
from collections.abc import Callable, Generator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from manager.adapters.embedded.admin import Admin
from manager.adapters.embedded.batch import Batches
from manager.adapters.embedded.call import Method
from manager.adapters.embedded.clock import Clock, wall_clock
from manager.adapters.embedded.cloud import Cloud
from manager.adapters.embedded.delivery import HANG_UP, Delivery
from manager.adapters.embedded.doors import OnlyPrograms
from manager.adapters.embedded.errors import ApiError
from manager.adapters.embedded.machines.command import ComfyUi
from manager.adapters.embedded.machines.container.machine import Containers, address_pool
from manager.adapters.embedded.machines.container.prerequisites import require_containers
from manager.adapters.embedded.machines.keeper import Keeper
from manager.adapters.embedded.machines.machine import MachineFactory
from manager.adapters.embedded.machines.process import ProcessMachine
from manager.adapters.embedded.methods import METHODS
from manager.adapters.embedded.residence import Residence

_log = logging.getLogger("gpubox.embedded")
_SWEEP_SECONDS = 0.25
HOST_COMFYUI = "/mnt/host-comfyui"


def create_app(cloud: Cloud, changed: asyncio.Event | None = None) -> ASGIApp:
    """Answer the ASGI application of a cloud; it sets `changed` when machines may have to follow."""
    changed = changed or asyncio.Event()
    delivery = Delivery(cloud, changed)

    def route(method: Method) -> Route:
        async def answer(request: Request) -> Response:
            return await delivery.answer(request, method)

        return Route(f"/compute/v1/projects/{method.path}", answer, methods=[method.verb], name=method.id)

    async def nowhere(request: Request, _error: Exception) -> Response:
        message = f"The requested URL {request.method} {request.url.path} was not found on this server."
        return JSONResponse(ApiError(404, "notFound", message).body(), 404)

    app = Starlette(
        routes=[*(route(method) for method in METHODS), *Admin(cloud, changed).routes()],
        exception_handlers={404: nowhere, 405: nowhere},
    )
    return OnlyPrograms(app)


class _Protocol(HttpToolsProtocol):
    """uvicorn's HTTP, with a way for a fault to hang up on a client."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {HANG_UP: {"now": self.transport.abort}}


def factory(comfyui: ComfyUi, machine: str = "process") -> MachineFactory:
    """Answer what makes machines: processes that run `comfyui`, or containers (see `machines/container/`).

    A container installs what its startup script says; the folder of `comfyui` is there for it at /mnt/host-comfyui.
    """
    if machine == "container":
        return Containers(folders={} if comfyui.folder is None else {HOST_COMFYUI: comfyui.folder.absolute()})
    return lambda birth: ProcessMachine(birth, comfyui)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, which would end the process before the machines are halted."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class Running:
    """A cloud that is being served in the running event loop. `stop()` may be called from any thread."""

    def __init__(
        self,
        cloud: Cloud,
        listener: socket.socket,
        make: MachineFactory,
        wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    ) -> None:
        """Serve `cloud` at a bound socket; `wrap` may put middleware around the application."""
        self._listener = listener
        self._changed = asyncio.Event()
        self.keeper = Keeper(cloud, make)
        config = uvicorn.Config(
            Batches(wrap(create_app(cloud, self._changed))),
            http=_Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        self.server = _Server(config)

    def stop(self) -> None:
        """Ask the server to end."""
        self.server.should_exit = True

    async def run(self) -> None:
        """Serve until somebody asks to stop; afterwards no machine runs."""
        sweep = asyncio.create_task(self._sweep())
        try:
            await self.server.serve(sockets=[self._listener])
        finally:
            sweep.cancel()
            await asyncio.gather(sweep, return_exceptions=True)
            await self.keeper.close()

    async def _sweep(self) -> None:
        while True:
            try:
                await self.keeper.tick()
            except Exception:  # noqa: BLE001 - whatever it was, the next sweep tries again
                _log.exception("the machines could not be looked after; trying again")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _SWEEP_SECONDS)
            self._changed.clear()


def serve(
    state_dir: Path,
    *,
    port: int | None = None,
    speed: float = 0.2,
    comfyui: ComfyUi | None = None,
    parent_fd: int | None = None,
    address: str | None = None,
    machine: str = "process",
    clock: Clock = wall_clock,
    ready: Callable[[str], None] = lambda endpoint: print(json.dumps({"endpoint": endpoint}), flush=True),  # noqa: T201 - what the parent reads
) -> None:
    """Serve the embedded cloud at 127.0.0.1 until SIGTERM, SIGINT, or until the parent's pipe closes.

    Args:
        state_dir: where everything is kept; at most one process serves it.
        port: None takes the port of the last time where it is free, else a free one.
        speed: see `timeline.Pace`.
        comfyui: what the machines run; None is the demo.
        parent_fd: the read end of a pipe that the parent holds open as long as it lives.
        address: the external address that all machines share, e.g. 127.0.0.1; None gives each its own.
        machine: what machines are, `process` or `container`; a container has an address of its own.
        clock: answers aware datetimes.
        ready: is told the endpoint, as soon as requests are answered.

    Raises:
        StateInUseError: another process serves `state_dir`.
        OSError: `port` was asked for and is not free.
        NoContainersError: machines are to be containers, and cannot be on this computer.
    """
    in_containers = machine == "container"
    if in_containers:
        require_containers()
    with Residence(state_dir) as residence, residence.listener(port) as listener:
        own = (None, address_pool) if in_containers else (address, None)
        cloud = Cloud(state_dir, clock, speed, *own)
        try:
            asyncio.run(_serve(cloud, listener, factory(comfyui or ComfyUi(), machine), parent_fd, ready))
        finally:
            cloud.close()


async def _serve(
    cloud: Cloud, listener: socket.socket, make: MachineFactory, parent_fd: int | None, ready: Callable[[str], None]
) -> None:
    running = Running(cloud, listener, make)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.stop)
    if parent_fd is not None:
        _follow_parent(parent_fd, running)
    # The socket listens already: who connects now is answered as soon as the server is up.
    ready(f"http://127.0.0.1:{listener.getsockname()[1]}")
    await running.run()


def _follow_parent(parent_fd: int, running: Running) -> None:
    loop = asyncio.get_running_loop()

    def closed() -> None:
        if not os.read(parent_fd, 1024):
            loop.remove_reader(parent_fd)
            running.stop()

    loop.add_reader(parent_fd, closed)
