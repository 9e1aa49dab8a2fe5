"""The program's way in: a socket, the panel behind it, a web server before it, and an orderly end."""

import asyncio
import signal
import socket
import sys
from types import FrameType

import uvicorn
import uvloop

from manager import assembly
from manager.domain.errors import GpuboxError
from manager.logs import configure_logging
from manager.messages import problem, sentence
from manager.panel import Panel
from manager.relaying import listen, relay_wanted
from manager.settings import Settings


def serve(settings: Settings) -> int:
    """Serve the panel until a signal ends it; the exit code."""
    configure_logging(settings.log_level, assembly.secrets(settings))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            return runner.run(_serve(settings))
        except GpuboxError as error:
            wrong = problem(error.fault)
            sys.stderr.write(f"gpubox: {wrong.title} {wrong.detail.in_utc()} {wrong.remedy.in_utc()}\n")
            return 1


async def _serve(settings: Settings) -> int:
    wanted = [(settings.port, "greeting.no_port")]
    if relay_wanted(settings):
        wanted.append((settings.relay_port, "greeting.no_relay_port"))
    listeners: list[socket.socket] = []
    for port, complaint in wanted:
        try:
            listeners.append(listen(settings.host, port))
        except OSError as error:
            sys.stderr.write(f"{sentence(complaint, host=settings.host, port=port, why=error.strerror)}\n")
            return 1
    listener, relay_at = listeners[0], listeners[1] if relay_wanted(settings) else None
    port = listener.getsockname()[1]
    panel = Panel(settings, settings.public_url or f"http://{settings.host}:{port}", relay_at=relay_at)
    try:
        app = await panel.open()
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=settings.log_level == "debug",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=3,
            )
        )
        panel.on_failure = lambda: setattr(server, "should_exit", True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _already_heard)
        await server.serve(sockets=[listener])
    finally:
        await panel.close()
    return 1 if panel.failed else 0


def _already_heard(_number: int, _frame: FrameType | None) -> None:
    """The server raises the signal that ended it once more, after it has ended in order."""
