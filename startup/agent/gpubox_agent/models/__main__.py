"""`python -m gpubox_agent.models`: fetches the list of the metadata, and each new one."""

import asyncio
import logging

import aiohttp

from gpubox_agent import logs
from gpubox_agent.files import data_directory
from gpubox_agent.metadata import Metadata
from gpubox_agent.models.fetcher import Fetcher, Places
from gpubox_agent.models.report import Report, report_file
from gpubox_agent.models.wanted import wanted_files

KEY = "gpubox-models"
_log = logging.getLogger("gpubox_agent.models")


def main() -> None:
    """Until systemd ends it; what has come so far stays."""
    logs.set_up()
    asyncio.run(_run())


async def _run() -> None:
    data, report = data_directory(), Report(report_file())
    places = Places(data / "base" / "models", data / "gpubox" / "downloads")
    places.downloads.mkdir(parents=True, exist_ok=True)
    async with (
        aiohttp.ClientSession(auto_decompress=False, trust_env=True) as session,
        aiohttp.ClientSession(trust_env=False) as own,
    ):
        metadata = Metadata(own)
        fetcher = Fetcher(session, metadata.access_token, places, report)
        list_text: str | None = None
        work: asyncio.Task[None] | None = None
        async for box in metadata.follow():
            if box.attributes.get(KEY, "") == list_text:
                continue
            list_text = box.attributes.get(KEY, "")
            await _ended(work)
            work = asyncio.create_task(fetcher.fetch(wanted_files(list_text)))
            work.add_done_callback(_say)


async def _ended(work: "asyncio.Task[None] | None") -> None:
    """A download that is cut off here is taken up again if the new list has it too."""
    if work is not None and not work.done():
        work.cancel()
        await asyncio.wait([work])


def _say(work: "asyncio.Task[None]") -> None:
    if not work.cancelled() and (cause := work.exception()) is not None:
        _log.error("the list was left", exc_info=cause)


main()
