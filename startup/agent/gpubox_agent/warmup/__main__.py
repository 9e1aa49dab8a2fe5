"""`python -m gpubox_agent.warmup`: reads what was used last, and then keeps in mind what is used."""

import asyncio
import contextlib
import logging
import signal
import threading

import aiohttp

from gpubox_agent import logs
from gpubox_agent.files import data_directory
from gpubox_agent.warmup.history import latest_graphs
from gpubox_agent.warmup.reading import warm
from gpubox_agent.warmup.used import LastUsed, models_of

_EVERY_S = 120.0
_log = logging.getLogger("gpubox_agent.warmup")


def main() -> None:
    """Until systemd ends it, which happens before ComfyUI ends: the history is read once more then."""
    logs.set_up()
    asyncio.run(_run())


async def _run() -> None:
    ended, ending = asyncio.Event(), threading.Event()

    def end() -> None:
        ending.set()
        ended.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    data = data_directory()
    models = data / "base" / "models"
    last = LastUsed(data / "gpubox" / "warmup" / "used.json", models)
    reading = asyncio.create_task(asyncio.to_thread(warm, last.paths(), done=ending.is_set))
    async with aiohttp.ClientSession(trust_env=False) as session:
        while not ended.is_set():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ended.wait(), _EVERY_S)
            await _look(session, last)
    await reading


async def _look(session: aiohttp.ClientSession, last: LastUsed) -> None:
    graphs = await latest_graphs(session)
    try:
        used = await asyncio.to_thread(lambda: [name for graph in graphs for name in models_of(graph, last.models)])
        if last.used(used):
            _log.info("used last: %s", ", ".join(last.files[:5]))
    except OSError as cause:
        _log.warning("what was used cannot be kept in mind: %s", cause)


main()
