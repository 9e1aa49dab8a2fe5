"""A file server that misbehaves on demand, and a fetcher that fetches from it."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gpubox_agent.metadata import MetadataUnavailable
from gpubox_agent.models.fetcher import Fetcher, Places
from gpubox_agent.models.report import Report
from gpubox_agent.models.wanted import wanted_files

BODY = bytes(range(256)) * 20_000
SHA256 = hashlib.sha256(BODY).hexdigest()


@dataclass
class FileServer:
    """One file at every path, with ETag and ranges, as servers of models are. The fields make it behave badly."""

    body: bytes = BODY
    etag: str | None = '"v1"'
    breaks_after: list[int] = field(default_factory=list[int])
    knows_ranges: bool = True
    claims_bytes: int | None = None
    statuses: list[int] = field(default_factory=list[int])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    redirects: dict[str, str] = field(default_factory=dict[str, str])
    asked: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    paths: list[str] = field(default_factory=list[str])
    address: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.headers))
        self.paths.append(request.raw_path)
        if request.path in self.redirects:
            return web.Response(status=302, headers={"Location": self.redirects[request.path]})
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), headers=self.headers)
        begins, status = self._begins(request), 200
        headers = dict(self.headers)
        if self.etag is not None:
            headers["ETag"] = self.etag
        if begins >= len(self.body) > 0:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(self.body)}"})
        if begins:
            status = 206
            headers["Content-Range"] = f"bytes {begins}-{len(self.body) - 1}/{len(self.body)}"
        return await self._send(request, web.StreamResponse(status=status, headers=headers), self.body[begins:])

    def _begins(self, request: web.Request) -> int:
        wanted = request.headers.get("Range", "")
        if not self.knows_ranges or not wanted or request.headers.get("If-Range", self.etag) != self.etag:
            return 0
        return int(wanted.removeprefix("bytes=").rstrip("-"))

    async def _send(self, request: web.Request, answer: web.StreamResponse, body: bytes) -> web.StreamResponse:
        answer.content_length = len(body) if self.claims_bytes is None else self.claims_bytes
        await answer.prepare(request)
        if self.breaks_after:
            await answer.write(body[: self.breaks_after.pop(0)])
            assert request.transport is not None
            request.transport.close()
            return answer
        await answer.write(body[: answer.content_length])
        if self.claims_bytes is not None:
            assert request.transport is not None
            request.transport.close()
        return answer


@dataclass
class Box:
    """A data disk, and what was waited for between attempts."""

    folder: Path
    session: aiohttp.ClientSession
    server: FileServer
    pauses: list[float] = field(default_factory=list[float])
    reserve: int = 0
    token: str | None = None
    at_pause: Callable[[], None] = lambda: None

    @property
    def models(self) -> Path:
        return self.folder / "base" / "models"

    @property
    def downloads(self) -> Path:
        return self.folder / "gpubox" / "downloads"

    def entry(self, path: str = "/a/model.safetensors", **more: Any) -> dict[str, Any]:
        return {"url": self.server.address + path, "sha256": SHA256, "folder": "checkpoints", **more}

    async def fetch(self, *entries: dict[str, Any]) -> list[dict[str, Any]]:
        """What models.json says of each file in the end."""

        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            self.at_pause()

        async def token() -> str:
            if self.token is None:
                raise MetadataUnavailable("none")
            return self.token

        report = Report(self.folder / "models.json")
        places = Places(self.models, self.downloads)
        fetcher = Fetcher(self.session, token, places, report, pause, self.reserve)
        await fetcher.fetch(wanted_files(json.dumps(entries)))
        return json.loads((self.folder / "models.json").read_bytes())["files"]


@pytest.fixture
async def server() -> AsyncIterator[FileServer]:
    files = FileServer()
    app = web.Application()
    app.router.add_get("/{path:.*}", files.answer)
    async with TestServer(app) as running:
        files.address = str(running.make_url("")).rstrip("/")
        yield files


@pytest.fixture
async def box(tmp_path: Path, server: FileServer) -> AsyncIterator[Box]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield Box(tmp_path, session, server)
