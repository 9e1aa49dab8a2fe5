"""A relay before a box that is a real TLS server, with sessions that tests end."""

import asyncio
import json
import logging
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from manager.adapters.passes import Passes
from manager.relay import Relay, RelaySettings, Target
from manager.relaying import tickets
from tests.support.certificates import DAY, self_signed

BOX, OTHER = "comfyui", "video"
SECRET = "a-secret-of-the-tests-with-enough-bytes"
BEARER = "a-bearer-of-the-tests"
PANEL_URL = "http://127.0.0.1:8187"
PATIENCE_S = 15.0
BOX_LOGGER = "tests.box"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Certificate:
    """A key and the certificate that it signed itself, in a file for servers."""

    pem: str
    file: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context


def certificate(file: Path, name: str = "gpubox", days: int = 3650) -> Certificate:
    """A new one; with negative days it has expired."""
    ends = days * DAY
    made, key = self_signed(subject=name, begins=min(timedelta(0), ends) - DAY, ends=ends)
    file.write_bytes(key + made)
    return Certificate(made.decode(), file)


class Clock:
    """The computer's time and what the test has added."""

    def __init__(self) -> None:
        self.shift = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift  # noqa: TID251 - the edge of the test's time


class Sessions:
    """Sessions live until they are ended."""

    def __init__(self) -> None:
        self._over: dict[str, asyncio.Event] = {}

    def end(self, session: str) -> None:
        self._event(session).set()

    def alive(self, session: str, ends: datetime) -> bool:
        del ends
        return not self._event(session).is_set()

    async def ended(self, session: str, ends: datetime) -> None:
        del ends
        await self._event(session).wait()

    def _event(self, session: str) -> asyncio.Event:
        return self._over.setdefault(session, asyncio.Event())


@dataclass
class Seen:
    """What the box was asked."""

    method: str
    target: str
    headers: list[tuple[str, str]]

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class House:
    """The relay, its box and a browser's worth of HTTP. `answer` is what the box does."""

    url: str
    relay: Relay
    clock: Clock
    sessions: Sessions
    passes: Passes
    browser: aiohttp.ClientSession
    box_url: str = ""
    target: Target | None = None
    seen: list[Seen] = field(default_factory=list[Seen])
    answer: Handler | None = None
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    def ticket(self, session: str = "s1", box: str = BOX, hours: float = 1) -> str:
        now = self.clock.now()
        return self.passes.ticket(box, session, now + timedelta(hours=hours), now)

    async def post_ticket(self, ticket: str, **headers: str) -> tuple[int, dict[str, Any], str]:
        """Status, body and Set-Cookie of the answer."""
        sent = {"Origin": self.url, **headers}
        async with self.browser.post(f"{self.url}/_gpubox/enter", json={"ticket": ticket}, headers=sent) as answer:
            text = await answer.text()
            return answer.status, json.loads(text or "{}"), answer.headers.get("Set-Cookie", "")

    async def enter(self, session: str = "s1", **headers: str) -> str:
        """Let the browser in; the Cookie header that it sends from now on."""
        status, body, cookie = await self.post_ticket(self.ticket(session), **headers)
        assert status == 204, body
        self.browser.headers["Cookie"] = cookie.partition(";")[0]
        return cookie.partition(";")[0]

    async def box_handler(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append(Seen(request.method, request.raw_path, list(request.headers.items())))
        try:
            if self.answer is not None:
                return await self.answer(request)
            return web.Response(text="hello")
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


@asynccontextmanager
async def serving(handler: Any, **options: Any) -> AsyncGenerator[int]:
    """An aiohttp server; its port."""
    sizes: dict[str, Any] = {"max_line_size": 65536, "max_field_size": 65536}
    logger = logging.getLogger(BOX_LOGGER)
    server = web.Server(handler, access_log=None, logger=logger, handler_cancellation=True, **sizes)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0, **options)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await server.shutdown(1)


@asynccontextmanager
async def house(
    box: Certificate | None, pinned: Certificate | None = None, name: str = BOX, **more: Any
) -> AsyncGenerator[House]:
    """Everything up. `pinned` is what the relay expects, the box's own where it is not given."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = more.pop("relay_url", f"http://127.0.0.1:{listener.getsockname()[1]}")
    clock, sessions, passes = Clock(), Sessions(), Passes(bytes(32))
    made: list[House] = []
    relay = Relay(
        listener,
        RelaySettings(box=name, relay_url=url, panel_url=PANEL_URL, secret=SECRET, **more),
        targets=lambda box: made[0].target if box == name else None,
        tickets=tickets(passes, lambda: [BOX, OTHER], clock.now),
        sessions=sessions,
        now=clock.now,
    )
    async with aiohttp.ClientSession(
        auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=PATIENCE_S)
    ) as browser:
        built = House(f"http://127.0.0.1:{listener.getsockname()[1]}", relay, clock, sessions, passes, browser)
        made.append(built)
        async with serving(built.box_handler, ssl=box.context() if box else None) as port:
            built.box_url = f"https://127.0.0.1:{port}"
            expected = pinned or box
            assert expected is not None
            built.target = Target(built.box_url, expected.pem, BEARER)
            await relay.open()
            try:
                yield built
            finally:
                await relay.close()


async def raw(house: House, request: bytes) -> bytes:
    """What comes back on a bare connection until it closes."""
    port = int(house.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    return answer


def request(house: House, method: str, target: str, *lines: str, body: bytes = b"") -> bytes:
    cookie = f"Cookie: {house.browser.headers['Cookie']}"
    host = f"Host: {house.url.removeprefix('http://')}"
    head = [f"{method} {target} HTTP/1.1", host, cookie, "Connection: close", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
