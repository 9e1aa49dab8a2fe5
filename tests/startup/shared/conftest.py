"""A metadata server as Google's is, as far as a box asks it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - another program, or a server, brings it about
            await asyncio.sleep(0.005)


@dataclass
class MetadataServer:
    """Attributes with their version, guest attributes in the order of their writing, and what it shall refuse."""

    attributes: dict[str, str] = field(default_factory=dict[str, str])
    version: int = 1
    written: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    refuses: int = 0
    long_polls: int = 0
    url: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def change(self, **attributes: str) -> None:
        self.attributes.update({key.replace("_", "-"): value for key, value in attributes.items()})
        self.version += 1
        self.changed.set()

    async def get(self, request: web.Request) -> web.Response:
        if request.headers.get("Metadata-Flavor") != "Google" or self.refuses > 0:
            self.refuses -= 1
            return web.Response(status=403)
        path = request.match_info["path"]
        texts = {"instance/id": "4711", "instance/name": "box-vm"}
        if path in texts:
            return web.Response(text=texts[path])
        if path == "instance/service-accounts/default/token":
            return web.json_response({"access_token": "ya29.t", "expires_in": 3599, "token_type": "Bearer"})
        if path != "instance/attributes/":
            return web.Response(status=404)
        if request.query.get("last_etag") == str(self.version):
            self.long_polls += 1
            self.changed.clear()
            await self.changed.wait()
        return web.json_response(self.attributes, headers={"ETag": str(self.version)})

    async def put(self, request: web.Request) -> web.Response:
        if self.refuses > 0:
            self.refuses -= 1
            return web.Response(status=503)
        self.written.append((request.match_info["key"], await request.text()))
        return web.Response()


@pytest.fixture
async def server() -> AsyncIterator[MetadataServer]:
    metadata = MetadataServer()
    app = web.Application()
    app.router.add_get("/computeMetadata/v1/{path:.*}", metadata.get)
    app.router.add_put("/computeMetadata/v1/instance/guest-attributes/gpubox/{key}", metadata.put)
    async with TestServer(app) as running:
        metadata.url = f"{running.make_url('/')}computeMetadata/v1"
        yield metadata
        metadata.changed.set()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened
