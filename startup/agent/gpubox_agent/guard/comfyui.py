"""Asks ComfyUI on this machine. No answer is an answer of its own: unknown."""

import asyncio
import logging
import os
from typing import Protocol

import aiohttp

from gpubox_agent.guard.look import Look, of_presence, remaining_of_prompt, tells_its_queue

# ComfyUI's event loop shares an interpreter with the rendering: its answers may be slow.
_LIMIT = aiohttp.ClientTimeout(total=15)
_NO_SUCH_ROUTE = 404
_OK = 200

_log = logging.getLogger(__name__)


class ComfyUi(Protocol):
    """Whoever can be asked what ComfyUI is doing."""

    async def look(self) -> Look | None:
        """One answer, or None where there is none that can be used. Never raises."""
        ...


def comfyui_url() -> str:
    """The base URL, without a slash at the end."""
    return os.environ.get("GPUBOX_COMFYUI_URL", "http://127.0.0.1:8188").rstrip("/")


class HttpComfyUi:
    """The presence node's report, or ComfyUI's own figure where the node is missing."""

    def __init__(self, session: aiohttp.ClientSession, url: str | None = None) -> None:
        self._session = session
        self._url = url or comfyui_url()

    async def look(self) -> Look | None:
        """Ask once."""
        try:
            return await self._look()
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError, RecursionError) as cause:
            _log.debug("ComfyUI does not answer: %s", cause or type(cause).__name__)
            return None

    async def _look(self) -> Look | None:
        status, body = await self._get("/gpubox/presence")
        if status == _OK and tells_its_queue(body):
            return of_presence(body)
        if status not in (_OK, _NO_SUCH_ROUTE):
            return None
        prompt_status, prompt = await self._get("/prompt")
        remaining = remaining_of_prompt(prompt) if prompt_status == _OK else None
        if remaining is None:
            return None
        return of_presence(body, remaining) if status == _OK else Look(queue=remaining)

    async def _get(self, path: str) -> tuple[int, object]:
        async with self._session.get(self._url + path, timeout=_LIMIT, allow_redirects=False) as answer:
            return answer.status, await answer.json(content_type=None) if answer.status == _OK else None
