"""WebSockets go through the gate, so that they end when the session does.

nginx keeps an upgraded connection for as long as both sides like, whatever its auth_request would say by now. Making
nginx drop it means a reload with worker_shutdown_timeout, which needs root and cuts everybody's: somebody's upload
of ten gigabytes would break because somebody else has logged out. So nginx hands requests that ask for an upgrade,
once it has asked about them, to this socket; the gate passes the bytes on both ways, unread, and asks itself again
after each statement, and every few seconds, whether the visitor may stay.
"""

import asyncio
import logging
from dataclasses import dataclass

from gpubox_agent.gate.decide import Passed, Request
from gpubox_agent.gate.gate import Gate
from gpubox_agent.gate.heads import read_head
from gpubox_agent.gate.refusal import Refused
from gpubox_agent.gate.upgrades import Upgrades

log = logging.getLogger(__name__)

_EVERY_S = 5.0
_PATIENCE_S = 10.0
_PIECE = 64 * 1024
_ANSWER = "HTTP/1.1 {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(eq=False)
class Stream:
    """An open connection: what was asked, who was let in, and the task that serves it."""

    request: Request
    passed: Passed
    task: "asyncio.Task[None] | None"


class Streams:
    """All open ones. `upstream` is ComfyUI: host and port."""

    def __init__(self, gate: Gate, upgrades: Upgrades, upstream: tuple[str, int]) -> None:
        self._gate = gate
        self._upgrades = upgrades
        self._upstream = upstream
        self._open: set[Stream] = set()

    def look_again(self) -> None:
        """End those that may not stay."""
        for stream in tuple(self._open):
            code = self._refused(stream)
            if code is not None and stream.task is not None:
                log.info("a WebSocket of %s %s ends: %s", stream.passed.who, stream.passed.name[:8], code)
                stream.task.cancel()

    async def keep_looking(self) -> None:
        """For ever: cookies and tokens end with time alone."""
        while True:
            await asyncio.sleep(_EVERY_S)
            self.look_again()

    def end(self) -> None:
        """End them all."""
        for stream in self._open:
            if stream.task is not None:
                stream.task.cancel()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of nginx's."""
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # one of the two has gone, or the session has: that is how connections end
        except (asyncio.TimeoutError, ValueError):
            writer.write(_ANSWER.format("400 Bad Request").encode())
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(read_head(reader), _PATIENCE_S)
        expected = self._upgrades.take(head.get("x-gpubox-request"))
        if expected is None:
            writer.write(_ANSWER.format("401 Unauthorized").encode())
            return
        try:
            there, back = await asyncio.wait_for(asyncio.open_connection(*self._upstream), _PATIENCE_S)
        except (OSError, asyncio.TimeoutError):
            writer.write(_ANSWER.format("502 Bad Gateway").encode())
            return
        stream = Stream(*expected, asyncio.current_task())
        self._open.add(stream)
        try:
            back.write(head.without("x-gpubox-").encode())
            await _both_ways((reader, back), (there, writer))
        finally:
            self._open.discard(stream)
            back.close()

    def _refused(self, stream: Stream) -> str | None:
        try:
            self._gate.check_again(stream.request, stream.passed)
        except Refused as refused:
            return refused.code
        return None


async def _both_ways(*ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    """Until one side ends; what the other still wants to say is for nobody."""
    tasks = [asyncio.ensure_future(_pass_on(*way)) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()
