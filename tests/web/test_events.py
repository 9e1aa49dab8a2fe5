"""The stream: what is, then what changes, until the session or the server ends. Over real HTTP."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from sse_starlette.sse import AppStatus
from support import House

LIMIT = 5


class Served:
    """The application on a real port."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.server = uvicorn.Server(
            uvicorn.Config(house.app, lifespan="off", log_config=None, timeout_graceful_shutdown=3),
        )

    async def run(self) -> None:
        await self.server._serve([self.listener])

    @contextlib.asynccontextmanager
    async def stream(self, path: str = "/api/events", **headers: str) -> AsyncIterator["Stream"]:
        sent = {"x-auth-token": self.house.token(), **{k.replace("_", "-"): v for k, v in headers.items()}}
        async with (
            httpx.AsyncClient(base_url=self.base, timeout=LIMIT) as client,
            client.stream("GET", path, headers=sent) as answer,
        ):
            yield Stream(answer)


class Stream:
    """Reads events as a browser does."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, str]:
        """The next block, a comment included."""
        block: dict[str, str] = {}
        async with asyncio.timeout(LIMIT):
            async for line in self._lines:
                if not line and block:
                    return block
                name, _, value = line.partition(": ")
                block[name or "comment"] = value
        return {}

    async def status(self) -> dict[str, Any]:
        while (block := await self.next()).get("event") != "status":
            assert block
        return {"id": block["id"], **json.loads(block["data"])}

    async def ended(self) -> bool:
        while await self.next():
            pass
        return True


@pytest.fixture
async def served(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(AppStatus, "should_exit", False)
    served = Served(house)
    running = asyncio.create_task(served.run())
    while not served.server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield served
    served.server.should_exit = True
    monkeypatch.setattr(AppStatus, "should_exit", True)
    async with asyncio.timeout(LIMIT):
        await running


async def test_the_state_now_and_at_each_change(served: Served, house: House) -> None:
    async with served.stream() as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["cache-control"] == "no-store"
        assert stream.answer.headers["x-accel-buffering"] == "no"
        assert await stream.next() == {"retry": "2000"}
        first = await stream.status()
        assert (first["id"], first["phase"]) == ("0", "off")
        house.boxes.change("first", phase="starting")
        assert (await stream.status())["phase"] == "starting"
        house.boxes.change("first", phase="ready", reason="line\nbreak")
        assert (await stream.status())["reason"] == "line\nbreak"


async def test_two_streams_agree(served: Served, house: House) -> None:
    async with served.stream() as one, served.stream() as other:
        assert await one.status() == await other.status()
        house.boxes.change("first", phase="starting")
        assert await one.status() == await other.status()
        assert house.services.counters.open_streams == 2


@pytest.mark.parametrize("by_header", [True, False])
async def test_it_goes_on_where_it_was(served: Served, house: House, by_header: bool) -> None:
    house.boxes.change("first", phase="starting")
    path = "/api/events" if by_header else "/api/events?last_event_id=1"
    headers = {"last_event_id": "1"} if by_header else {}
    async with served.stream(path, **headers) as stream:
        await stream.next()
        house.boxes.change("first", phase="ready")
        assert (await stream.status())["id"] == "2"
    async with served.stream(path, **headers) as stream:
        assert (await stream.status())["id"] == "2"
    async with served.stream("/api/events", last_event_id="of an earlier life") as stream:
        assert (await stream.status())["id"] == "2"


@pytest.mark.parametrize("path", ["/api/events?box=second", "/api/boxes/second/events"])
async def test_any_box(served: Served, path: str) -> None:
    async with served.stream(path) as stream:
        assert (await stream.status())["name"] == "second"


async def test_an_unknown_box_is_no_stream(house: House) -> None:
    async with house.signed_in() as client:
        for path in ("/api/events?box=third", "/api/boxes/third/events"):
            assert (await client.get(path)).status_code == 404


async def test_a_comment_now_and_then(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("manager.web.routes.events.PING_SECONDS", 0.05)
    async with served.stream() as stream:
        await stream.status()
        assert await stream.next() == {"comment": "still here"}


async def test_it_ends_with_the_logout(served: Served, house: House) -> None:
    token = house.token()
    async with served.stream(x_auth_token=token) as stream, served.stream() as other:
        await stream.status()
        await other.status()
        async with house.client(x_auth_token=token) as client:
            await client.post("/api/auth/logout")
        assert await stream.ended()
        house.boxes.change("first", phase="ready")
        assert (await other.status())["phase"] == "ready"
    assert house.services.counters.open_streams <= 1


async def test_it_ends_with_the_session(served: Served, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("manager.application.login._LONGEST_NAP", timedelta(0))
    async with served.stream() as stream:
        await stream.status()
        house.clock.advance(hours=24)
        assert await stream.ended()


async def test_it_ends_with_the_server(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served.stream() as stream:
        await stream.status()
        monkeypatch.setattr(AppStatus, "should_exit", True)
        assert await stream.ended()


async def test_a_reader_that_leaves_is_noticed(served: Served, house: House) -> None:
    async with served.stream() as stream:
        await stream.status()
        assert house.services.counters.open_streams == 1
    async with asyncio.timeout(LIMIT):
        while house.services.counters.open_streams:  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.01)
