"""A box that sends more than anybody holds in memory."""

import asyncio
from collections.abc import Awaitable, Callable

MIB = 1024 * 1024


class Pouring:
    """Up to 64 MiB; `stalled` once a piece was not taken within a second, `sent` are the bytes until then."""

    def __init__(self) -> None:
        self.sent = 0
        self.stalled = asyncio.Event()

    async def through(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        while self.sent < 64 * MIB:
            try:
                await asyncio.wait_for(send(bytes(MIB)), 1)
            except TimeoutError:
                self.stalled.set()
                raise
            self.sent += MIB
