"""HTTP clients for boxes: one for all that authorities vouch for, one for each certificate that is pinned."""

import ssl
from collections import OrderedDict
from typing import TYPE_CHECKING

from manager.adapters.pinned import pinned
from manager.application.ports import Door

if TYPE_CHECKING:
    from httpx import AsyncClient

# A machine that is not there says nothing at all; no need to wait for it as long as for a busy one.
_CONNECT_S = 3.0
# Boxes make a new certificate only with a new boot disk.
_MOST = 16


class BoxClients:
    """Made at first use: the panel is up before it needs any."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._clients: OrderedDict[str | None, AsyncClient] = OrderedDict()

    async def close(self) -> None:
        """Close the connections."""
        while self._clients:
            await self._clients.popitem()[1].aclose()

    async def through(self, door: Door) -> "AsyncClient":
        """The client for this door. Raises ssl.SSLError where its certificate is none."""
        client = self._clients.get(door.certificate)
        if client is None:
            from httpx import AsyncClient, Timeout  # noqa: PLC0415 - a twentieth of the start's time

            verify: ssl.SSLContext | bool = True if door.certificate is None else pinned(door.certificate)
            timeout = Timeout(self._timeout_s, connect=min(self._timeout_s, _CONNECT_S))
            client = self._clients[door.certificate] = AsyncClient(timeout=timeout, verify=verify, trust_env=False)
        self._clients.move_to_end(door.certificate)
        if len(self._clients) > _MOST:
            await self._clients.popitem(last=False)[1].aclose()
        return client
