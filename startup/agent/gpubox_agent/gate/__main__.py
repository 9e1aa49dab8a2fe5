"""`python -m gpubox_agent.gate`: serves the gate on two unix sockets until it is told to end."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path

import aiohttp
from aiohttp import web

from gpubox_agent import logs
from gpubox_agent.files import run_directory, state_directory
from gpubox_agent.gate.box import Box
from gpubox_agent.gate.clock import GateClock
from gpubox_agent.gate.gate import Gate
from gpubox_agent.gate.memory import Memory
from gpubox_agent.gate.quiet import Refusals
from gpubox_agent.gate.server import application
from gpubox_agent.gate.sockets import listening
from gpubox_agent.gate.streams import Streams
from gpubox_agent.gate.upgrades import Upgrades
from gpubox_agent.metadata import Metadata, box_from_file
from gpubox_agent.notify import notify

log = logging.getLogger(__name__)

_LARGEST_HEAD = 64 * 1024
# A metadata server that hangs is not waited for: what was read at an earlier boot is mostly still so.
_METADATA_PATIENCE_S = 3.0


async def serve(run: Path, state: Path, comfyui: tuple[str, int]) -> None:
    """Until SIGTERM or SIGINT. Open WebSockets end with it; ComfyUI's page takes them up again by itself."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    box, clock = Box(), GateClock()
    box.take(box_from_file())
    gate = Gate(box, Memory(state), clock, run, _own_folder(run))
    upgrades = Upgrades(clock.monotonic)
    streams = Streams(gate, upgrades, comfyui)
    runner = web.AppRunner(
        application(gate, Refusals(clock.monotonic), upgrades, streams), access_log=None, handle_signals=False
    )
    await runner.setup()
    async with aiohttp.ClientSession() as session:
        going_on = [asyncio.ensure_future(streams.keep_looking()), asyncio.ensure_future(box.follow(Metadata(session)))]
        # Whoever asks meanwhile waits at the socket: better than to be refused by a gate that knows no keys yet.
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(box.asked.wait(), _METADATA_PATIENCE_S)
        await web.SockSite(runner, listening(run / "gate.sock")).start()
        streaming = await asyncio.start_unix_server(
            streams.serve, sock=listening(run / "streams.sock"), limit=_LARGEST_HEAD
        )
        notify("READY=1")
        ending = asyncio.ensure_future(ended.wait())
        # Neither of the two ever ends by itself; where one does, systemd starts the gate anew.
        await asyncio.wait([ending, *going_on], return_when=asyncio.FIRST_COMPLETED)
        for task in (ending, *going_on):
            task.cancel()
        found = await asyncio.gather(*going_on, return_exceptions=True)
    streams.end()
    streaming.close()
    await runner.cleanup()
    gate.memory.close()
    for surprise in found:
        if isinstance(surprise, Exception):
            raise surprise


def _own_folder(run: Path) -> Path:
    """Systemd's RuntimeDirectory; manager.json above it is a link into it."""
    given = os.environ.get("RUNTIME_DIRECTORY")
    return Path(given.split(":", 1)[0]) if given else run


def main() -> None:
    """Read the options, and serve."""
    parser = argparse.ArgumentParser(prog="gpubox_agent.gate", description="Who may pass to this box's ComfyUI.")
    parser.add_argument("--comfyui-host", default="127.0.0.1", help="where WebSockets are passed on to")
    parser.add_argument("--comfyui-port", type=int, default=8188)
    options = parser.parse_args()
    logs.set_up()
    asyncio.run(serve(run_directory(), state_directory("gate"), (options.comfyui_host, options.comfyui_port)))


if __name__ == "__main__":
    main()
