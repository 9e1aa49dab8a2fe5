"""Both bodies as they come: nothing buffered, the slower side sets the pace, and each end hears of the other's end."""

import asyncio
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from .house import PATIENCE_S, House, request
from .pouring import MIB, Pouring


async def test_an_upload_streams_while_it_is_sent(let_in: House) -> None:
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(asked: web.BaseRequest) -> web.Response:
        async for piece in asked.content.iter_any():
            await arrived.put(piece)
        return web.Response(text="done")

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        assert await asyncio.wait_for(arrived.get(), PATIENCE_S) == b"first"
        yield b"last"

    let_in.answer = take
    async with let_in.browser.post(f"{let_in.url}/upload", data=body(), headers={"Origin": let_in.url}) as answer:
        assert await answer.text() == "done"
    assert arrived.get_nowait() == b"last"


async def test_an_answer_streams_while_it_is_made(let_in: House) -> None:
    read = asyncio.Event()

    async def tell(asked: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(asked)
        await answer.write(b"first")
        await read.wait()
        await answer.write(b"last")
        return answer

    let_in.answer = tell
    async with let_in.browser.get(f"{let_in.url}/events") as answer:
        assert await answer.content.readexactly(5) == b"first"
        read.set()
        assert await answer.content.read() == b"last"


async def test_a_slow_reader_slows_the_box_down(let_in: House) -> None:
    pouring = Pouring()

    async def pour(asked: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(asked)
        await pouring.through(answer.write)
        return answer

    let_in.answer = pour
    port = int(let_in.url.rpartition(":")[2])
    browser = socket.create_connection(("127.0.0.1", port))
    browser.sendall(request(let_in, "GET", "/big"))
    await asyncio.wait_for(pouring.stalled.wait(), PATIENCE_S)
    browser.close()
    assert pouring.sent < 32 * MIB


async def test_a_slow_box_slows_the_upload_down(let_in: House) -> None:
    go = asyncio.Event()
    received = 0

    async def take(asked: web.BaseRequest) -> web.Response:
        nonlocal received
        await go.wait()
        async for piece in asked.content.iter_any():
            received += len(piece)
        return web.Response(text=str(received))

    sent = 0
    stalled = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 64 * MIB:
            timer = asyncio.get_running_loop().call_later(1, stalled.set)
            yield bytes(MIB)
            timer.cancel()
            sent += MIB

    let_in.answer = take
    post = asyncio.create_task(
        let_in.browser.post(f"{let_in.url}/upload", data=body(), headers={"Origin": let_in.url}).__aenter__()
    )
    await asyncio.wait_for(stalled.wait(), PATIENCE_S)
    assert sent < 32 * MIB
    go.set()
    answer = await post
    assert await answer.text() == str(64 * MIB)


async def test_a_browser_that_goes_away_ends_the_request_to_the_box(let_in: House) -> None:
    began = asyncio.Event()

    async def wait(asked: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(asked)
        await answer.write(b"begun")
        began.set()
        await asyncio.Event().wait()
        return answer

    let_in.answer = wait
    answer = await let_in.browser.get(f"{let_in.url}/slow")
    await asyncio.wait_for(began.wait(), PATIENCE_S)
    answer.close()
    await asyncio.wait_for(let_in.cancelled.wait(), PATIENCE_S)


async def test_a_browser_that_went_away_before_the_box_answered_is_no_error(let_in: House) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def wait(_: web.BaseRequest) -> web.Response:
        asked.set()
        await go.wait()
        return web.Response(text="late")

    let_in.answer = wait
    port = int(let_in.url.rpartition(":")[2])
    for _ in range(20):
        asked.clear()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(let_in, "GET", "/slow"))
        await asyncio.wait_for(asked.wait(), PATIENCE_S)
        writer.transport.abort()
        go.set()
    assert len(let_in.seen) == 20


async def test_an_upload_that_breaks_off_ends_the_request_to_the_box(let_in: House) -> None:
    broken = asyncio.Event()

    async def take(asked: web.BaseRequest) -> web.Response:
        try:
            return web.Response(body=await asked.content.read())
        except (OSError, aiohttp.ClientError, asyncio.CancelledError):
            broken.set()
            raise

    let_in.answer = take
    port = int(let_in.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    origin = f"Origin: {let_in.url}"
    writer.write(request(let_in, "POST", "/upload", origin, "Content-Length: 1000", body=b"some"))
    while not let_in.seen:  # noqa: ASYNC110 - the box has no event for it
        await asyncio.sleep(0.01)
    writer.close()
    await asyncio.wait_for(broken.wait(), PATIENCE_S)


@pytest.mark.parametrize("length", [None, 1000])
async def test_a_box_that_dies_in_the_middle_leaves_no_whole_answer(let_in: House, length: int | None) -> None:
    async def die(asked: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse()
        answer.content_length = length
        await answer.prepare(asked)
        await answer.write(b"half")
        assert asked.transport is not None
        asked.transport.abort()
        return answer

    let_in.answer = die
    async with let_in.browser.get(f"{let_in.url}/view") as answer:
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientError):
            await answer.read()


async def test_a_box_that_refuses_an_upload_early_is_heard(let_in: House) -> None:
    async def refuse(_: web.BaseRequest) -> web.Response:
        return web.Response(status=413, text="too large")

    let_in.answer = refuse
    head = request(let_in, "POST", "/upload", f"Origin: {let_in.url}", f"Content-Length: {64 * MIB}")
    port = int(let_in.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + b"the beginning")
    assert (await asyncio.wait_for(reader.readline(), PATIENCE_S)).startswith(b"HTTP/1.1 413")
    writer.close()


async def test_whoever_asks_before_sending_hears_go_on_once_the_box_is_there(let_in: House) -> None:
    async def take(asked: web.BaseRequest) -> web.Response:
        return web.Response(text=(await asked.content.read()).decode())

    let_in.answer = take
    port = int(let_in.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = (f"Origin: {let_in.url}", "Content-Length: 4", "Expect: 100-continue")
    writer.write(request(let_in, "POST", "/upload", *lines))
    assert await asyncio.wait_for(reader.readline(), PATIENCE_S) == b"HTTP/1.1 100 Continue\r\n"
    writer.write(b"body")
    rest = await asyncio.wait_for(reader.read(), PATIENCE_S)
    assert b"HTTP/1.1 200 OK" in rest
    assert rest.endswith(b"body")
    assert let_in.seen[-1].header("Expect") == []
    writer.close()
