"""A box's relay as the rest of the program knows it: it opens on a socket, and it closes."""

import asyncio
import importlib
import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from manager.relay.cookie import RelayCookie
from manager.relay.ports import Sessions, Targets, Tickets
from manager.relay.visits import Visits
from manager.web.proxies import Proxies

if TYPE_CHECKING:
    from aiohttp.web import Server

    from manager.relay.upstream import Upstream

_FAREWELL_SECONDS = 2.0
# Browsers send all cookies of the host, the panel's page's and a hostile page's too.
_LARGEST_HEADER = 256 * 1024


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """How a relay is told from the panel, and from the relays of other boxes.

    `box` is the one that it passes on. `relay_url` and `panel_url` are how browsers see the two; `secret` signs the
    relay's cookie (at least 32 bytes) and outlives a restart; X-Forwarded-For and -Proto are believed of
    `trusted_proxies` only.
    """

    box: str
    relay_url: str
    panel_url: str
    secret: str
    trusted_proxies: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()


class Relay:
    """Passes one box's ComfyUI on at a bound socket.

    What it is made of is imported when it opens, so that the panel need not wait for it.
    """

    def __init__(
        self,
        listener: socket.socket,
        settings: RelaySettings,
        *,
        targets: Targets,
        tickets: Tickets,
        sessions: Sessions,
        now: Callable[[], datetime],
    ) -> None:
        self._listener = listener
        self._settings = settings
        self._targets = targets
        self._tickets = tickets
        self._sessions = sessions
        self._now = now
        self._visits = Visits(sessions)
        self._upstream: Upstream | None = None
        self._server: Server | None = None
        self._listening: asyncio.Server | None = None

    async def open(self) -> None:
        """Serve until `close`."""
        # In a thread, so that the panel answers meanwhile.
        await asyncio.to_thread(importlib.import_module, "manager.relay.handling")
        from aiohttp.web import Server  # noqa: PLC0415 - a quarter of a second that the panel's start need not wait

        from manager.relay.upstream import READ_AHEAD, Upstream  # noqa: PLC0415 - as above

        self._upstream = Upstream()
        self._server = Server(
            self._handling(self._upstream),
            handler_cancellation=True,
            access_log=None,
            max_line_size=_LARGEST_HEADER,
            max_field_size=_LARGEST_HEADER,
            read_bufsize=READ_AHEAD,
        )
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._server, sock=self._listener)

    async def close(self) -> None:
        """Cut what is open and let everything go."""
        if self._listening is not None:
            self._listening.close()
        self._listener.close()
        self._visits.cut_all()
        if self._server is not None:
            self._server.pre_shutdown()
            await self._server.shutdown(_FAREWELL_SECONDS)
        if self._upstream is not None:
            await self._upstream.close()

    def _handling(self, upstream: "Upstream") -> Any:
        from manager.relay.entering import Entering  # noqa: PLC0415 - as above
        from manager.relay.handling import Handling  # noqa: PLC0415 - as above

        settings = self._settings
        cookie = RelayCookie(settings.secret, settings.box)
        return Handling(
            targets=self._targets,
            sessions=self._sessions,
            cookie=cookie,
            entering=Entering(
                self._tickets, self._sessions, cookie, self._now, box=settings.box, relay_url=settings.relay_url
            ),
            visits=self._visits,
            upstream=upstream,
            proxies=Proxies(settings.trusted_proxies),
            now=self._now,
            panel_url=settings.panel_url,
            relay_url=settings.relay_url,
        )
