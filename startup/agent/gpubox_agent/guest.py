"""Guest attributes: what the box tells the manager through the metadata server.

Google allows about ten queries a minute for a VM, so at most one write in eight seconds goes out. Of each key only
the last value counts, and that one always goes out, however often the server refuses.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import aiohttp

from gpubox_agent.metadata import FLAVOR, metadata_url

NAMESPACE = "gpubox"
GAP_S = 8.0
_LONGEST_GAP_S = 64.0
_LIMIT = aiohttp.ClientTimeout(total=10)

_log = logging.getLogger(__name__)


class GuestAttributes:
    """`put` never waits and never raises; `run`, in a task of its own, writes. The same value is not written twice."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._url = f"{url or metadata_url()}/instance/guest-attributes/{NAMESPACE}"
        self._clock = clock
        self._pause = pause
        self._waiting: dict[str, str] = {}
        self._written: dict[str, str] = {}
        self._free_at = 0.0
        self._failures = 0
        self._woken = asyncio.Event()
        self._writing = asyncio.Lock()

    def put(self, key: str, value: str) -> None:
        """Write `value` soon, unless a newer one comes before its turn."""
        if self._waiting.get(key, self._written.get(key)) == value:
            return
        self._waiting[key] = value
        self._woken.set()

    async def run(self) -> None:
        """Write whatever is put, for ever."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._waiting:
                await self._pause(max(0.0, self._free_at - self._clock()))
                await self._write_next()

    async def flush(self, timeout_s: float) -> None:
        """Before the end: write what waits at once, each key one time, gap or no gap, within `timeout_s`."""

        async def all_waiting() -> None:
            for _ in range(len(self._waiting)):
                await self._write_next()

        try:
            await asyncio.wait_for(all_waiting(), timeout_s)
        except asyncio.TimeoutError:
            _log.warning("the metadata server did not take the last words in %.0f s", timeout_s)

    async def _write_next(self) -> None:
        """The key that waits longest. What failed goes to the end of the row, unless it was put anew meanwhile."""
        async with self._writing:
            key = next(iter(self._waiting), None)
            if key is None:
                return
            value = self._waiting.pop(key)
            self._written.pop(key, None)  # until the answer is there, nobody knows what stands there
            try:
                problem = await self._send(key, value)
            except BaseException:
                self._waiting.setdefault(key, value)
                raise
            self._failures = self._failures + 1 if problem else 0
            self._free_at = self._clock() + min(_LONGEST_GAP_S, GAP_S * 2 ** min(self._failures, 4))
            if problem is None:
                self._written[key] = value
                return
            self._waiting.setdefault(key, value)
            if self._failures == 1:
                _log.warning("guest attribute %s was not taken (%s); trying again", key, problem)

    async def _send(self, key: str, value: str) -> str | None:
        """The problem; None where it was taken."""
        try:
            answer = await self._session.put(
                f"{self._url}/{key}", data=value.encode(), headers=FLAVOR, timeout=_LIMIT, allow_redirects=False
            )
            answer.release()
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as cause:
            return str(cause) or type(cause).__name__
        return None if answer.status < 300 else f"HTTP {answer.status}"  # noqa: PLR2004 - HTTP's successes
