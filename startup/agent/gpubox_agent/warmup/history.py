"""Asks ComfyUI which graphs ran lately."""

import asyncio
import json
import logging

import aiohttp

from gpubox_agent.guard.comfyui import comfyui_url
from gpubox_agent.warmup.used import graphs_of_history

_LIMIT = aiohttp.ClientTimeout(total=20)
_MOST_GRAPHS = 4
# Graphs may carry pictures.
_MOST_BYTES = 16 << 20

_log = logging.getLogger(__name__)


async def latest_graphs(session: aiohttp.ClientSession, url: str | None = None) -> list[dict[str, object]]:
    """The newest graphs that have ended; none where ComfyUI does not answer. Never raises."""
    address = f"{url or comfyui_url()}/history?max_items={_MOST_GRAPHS}"
    try:
        async with session.get(address, timeout=_LIMIT, allow_redirects=False) as answer:
            raw = await _limited(answer)
            return graphs_of_history(json.loads(raw)) if answer.ok and raw is not None else []
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError, RecursionError) as cause:
        _log.debug("ComfyUI does not answer: %s", cause)
        return []


async def _limited(answer: aiohttp.ClientResponse) -> bytes | None:
    raw = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        raw += chunk
        if len(raw) > _MOST_BYTES:
            return None
    return bytes(raw)
