"""WebSockets through the relay."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from yarl import URL

from .house import BEARER, PATIENCE_S, Certificate, House, certificate, house
from .pouring import MIB, Pouring


def connect(house: House, path: str = "/ws", **more: Any) -> Any:
    headers = {"Origin": house.url, **more.pop("headers", {})}
    url = URL(house.url.replace("http", "ws", 1) + path, encoded=True)
    browser: Any = house.browser
    return browser.ws_connect(url, headers=headers, max_msg_size=0, **more)


async def echo(asked: web.BaseRequest) -> web.StreamResponse:
    """Sends every message back as it came."""
    socket = web.WebSocketResponse(max_msg_size=0, protocols=("gpubox.v2", "gpubox.v1"))
    await socket.prepare(asked)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def test_text_and_bytes_go_both_ways(let_in: House) -> None:
    let_in.answer = echo
    async with connect(let_in, "/ws?clientId=a%2Fb") as socket:
        await socket.send_str("ünïcode")
        assert await socket.receive_str(timeout=PATIENCE_S) == "ünïcode"
        await socket.send_bytes(b"\x00\x00\x00\x01\xff")
        assert await socket.receive_bytes(timeout=PATIENCE_S) == b"\x00\x00\x00\x01\xff"
    seen = let_in.seen[-1]
    assert seen.target == "/ws?clientId=a%2Fb"
    assert seen.header("Authorization") == [f"Bearer {BEARER}"]
    assert seen.header("Origin") == seen.header("Cookie") == seen.header("Sec-WebSocket-Protocol") == []


async def test_a_message_of_many_megabytes_arrives_whole(let_in: House) -> None:
    let_in.answer = echo
    large = bytes(range(256)) * (24 * MIB // 256)
    async with connect(let_in) as socket:
        await socket.send_bytes(large)
        assert await socket.receive_bytes(timeout=PATIENCE_S) == large


async def test_the_protocol_is_the_one_that_the_box_chose(let_in: House) -> None:
    let_in.answer = echo
    async with connect(let_in, protocols=("other", "gpubox.v1")) as socket:
        assert socket.protocol == "gpubox.v1"
    assert let_in.seen[-1].header("Sec-WebSocket-Protocol") == ["other,gpubox.v1"]


async def test_pings_reach_the_other_side_and_its_pongs_come_back(let_in: House) -> None:
    heard: list[bytes] = []

    async def answer(asked: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(asked)
        async for message in socket:
            if message.type is WSMsgType.PING:
                heard.append(message.data)
                await socket.pong(b"from the box")
        return socket

    let_in.answer = answer
    async with connect(let_in, autoping=False) as socket:
        await socket.ping(b"are you there")
        pong = await socket.receive(timeout=PATIENCE_S)
        assert (pong.type, pong.data) == (WSMsgType.PONG, b"from the box")
    assert heard == [b"are you there"]


@pytest.mark.parametrize("code", [1000, 1001, 1011, 4000])
async def test_the_code_of_an_end_is_passed_on_to_the_browser(let_in: House, code: int) -> None:
    async def end(asked: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(asked)
        await socket.close(code=code, message=b"because")
        return socket

    let_in.answer = end
    async with connect(let_in) as socket:
        message = await socket.receive(timeout=PATIENCE_S)
        assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, code, "because")


async def test_the_code_of_an_end_is_passed_on_to_the_box(let_in: House) -> None:
    ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def listen(asked: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(asked)
        async for _ in socket:
            pass
        ended.set_result(socket.close_code)
        return socket

    let_in.answer = listen
    async with connect(let_in) as socket:
        await socket.close(code=4321)
    assert await asyncio.wait_for(ended, PATIENCE_S) == 4321


async def test_a_box_that_dies_ends_the_socket_as_going_away(let_in: House) -> None:
    async def die(asked: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(asked)
        assert asked.transport is not None
        asked.transport.abort()
        return socket

    let_in.answer = die
    async with connect(let_in) as socket:
        assert (await socket.receive(timeout=PATIENCE_S)).data == 1001


async def test_a_browser_that_dies_ends_the_socket_to_the_box(let_in: House) -> None:
    ended = asyncio.Event()

    async def listen(asked: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(asked)
        await socket.send_str("hello")
        async for _ in socket:
            pass
        ended.set()
        return socket

    let_in.answer = listen
    socket = await connect(let_in)
    assert await socket.receive_str(timeout=PATIENCE_S) == "hello"
    socket._response.close()
    await asyncio.wait_for(ended.wait(), PATIENCE_S)


async def test_a_browser_that_does_not_read_slows_the_box_down(let_in: House) -> None:
    pouring = Pouring()

    async def pour(asked: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(asked)
        await pouring.through(socket.send_bytes)
        return socket

    let_in.answer = pour
    socket = await connect(let_in)
    await asyncio.wait_for(pouring.stalled.wait(), PATIENCE_S)
    assert pouring.sent < 40 * MIB
    socket._response.close()


async def test_a_browser_that_does_not_read_is_cut_by_the_end_of_its_session_too(
    let_in: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from manager.relay import sockets  # noqa: PLC0415

    monkeypatch.setattr(sockets, "_FAREWELL_SECONDS", 0.2)
    full, cut = asyncio.Event(), asyncio.Event()

    async def pour(asked: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(asked)
        full_up = asyncio.get_running_loop().call_later(1, full.set)
        try:
            while True:
                await socket.send_bytes(bytes(MIB))
                full_up.cancel()
                full_up = asyncio.get_running_loop().call_later(1, full.set)
        finally:
            cut.set()

    let_in.answer = pour
    socket = await connect(let_in)
    await asyncio.wait_for(full.wait(), PATIENCE_S)
    let_in.sessions.end("s1")
    await asyncio.wait_for(cut.wait(), PATIENCE_S)
    socket._response.close()


async def test_many_sockets_at_once_keep_to_themselves(let_in: House) -> None:
    let_in.answer = echo

    async def talk(number: int) -> str:
        async with connect(let_in, f"/ws?clientId={number}") as socket:
            for turn in range(5):
                await socket.send_str(f"{number}.{turn}")
                assert await socket.receive_str(timeout=PATIENCE_S) == f"{number}.{turn}"
            return str(number)

    assert await asyncio.gather(*(talk(number) for number in range(100))) == [str(number) for number in range(100)]


async def test_the_end_of_the_session_cuts_its_sockets_and_its_answers_at_once_and_no_others(let_in: House) -> None:
    async def endless(asked: web.BaseRequest) -> web.StreamResponse:
        if asked.raw_path.startswith("/ws"):
            return await echo(asked)
        answer = web.StreamResponse()
        await answer.prepare(asked)
        await answer.write(b"begun")
        await asyncio.Event().wait()
        return answer

    let_in.answer = endless
    mine = await connect(let_in)
    async with let_in.browser.get(f"{let_in.url}/events") as stream:
        assert await stream.content.readexactly(5) == b"begun"
        await let_in.enter("another session")
        others = await connect(let_in)
        let_in.sessions.end("s1")
        message = await mine.receive(timeout=PATIENCE_S)
        assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 1008, "session ended")
        with pytest.raises(aiohttp.ClientError):
            await stream.content.read()
    await others.send_str("still here")
    assert await others.receive_str(timeout=PATIENCE_S) == "still here"
    await others.close()


@pytest.mark.parametrize("origin", [None, "http://127.0.0.1:8187", "http://evil.example", "null"])
async def test_a_socket_has_to_come_from_the_relays_own_page(let_in: House, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}
    url = let_in.url.replace("http", "ws", 1) + "/ws"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await let_in.browser.ws_connect(url, headers=headers)
    assert refused.value.status == 403
    assert let_in.seen == []


async def test_a_socket_without_the_cookie_is_refused(stranger: House) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await connect(stranger)
    assert refused.value.status == 401
    assert stranger.seen == []


async def test_a_box_that_refuses_a_socket_is_heard(let_in: House) -> None:
    async def refuse(_: web.BaseRequest) -> web.Response:
        return web.Response(status=403)

    let_in.answer = refuse
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await connect(let_in)
    assert refused.value.status == 403


async def test_a_socket_is_not_opened_past_a_wrong_certificate(
    box_certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = certificate(tmp_path_factory.mktemp("tls") / "other.pem")
    async with house(box_certificate, pinned=other) as built:
        await built.enter()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await connect(built)
        assert refused.value.status == 502
        assert built.seen == []
