"""One WebSocket, passed on: each message and each ping as it comes, at the pace of the slower side."""

import asyncio
from typing import Any

from aiohttp import ClientError, ClientWebSocketResponse, ClientWSTimeout, WSCloseCode, WSMsgType
from aiohttp.web import BaseRequest, WebSocketResponse
from multidict import CIMultiDict

from manager.relay.headers import Headers
from manager.relay.ports import Target
from manager.relay.upstream import Upstream

# The largest message, in bytes: a picture, or a batch of them. Smaller ones cost what they are.
LARGEST_MESSAGE = 512 * 1024 * 1024
_FAREWELL_SECONDS = 5.0
_PASSED = (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG)

Socket = ClientWebSocketResponse[Any] | WebSocketResponse[Any]


async def pass_socket(
    request: BaseRequest,
    upstream: Upstream,
    target: Target,
    headers: Headers,
    over: asyncio.Event,
) -> WebSocketResponse[Any]:
    """The socket, once it has ended; `over` ends it. Raises ClientError or OSError where the box does not take it.

    Nothing is compressed and no text is decoded here: previews are pictures, and time is dearer than bytes. Pings
    are passed on and not answered, so each side learns of the other and not of the relay.
    """
    wanted = request.headers.get("Sec-WebSocket-Protocol", "")
    protocols = [name for part in wanted.split(",") if (name := part.strip())]
    reaching = upstream.socket(
        target,
        request.raw_path,
        protocols=protocols,
        headers=CIMultiDict(headers),
        autoclose=False,
        autoping=False,
        max_msg_size=LARGEST_MESSAGE,
        timeout=ClientWSTimeout(ws_close=_FAREWELL_SECONDS),  # pyright: ignore[reportCallIssue] - an attrs class
        decode_text=False,
    )
    async with reaching as box:
        browser: WebSocketResponse[Any] = WebSocketResponse(
            autoclose=False,
            autoping=False,
            compress=False,
            decode_text=False,
            max_msg_size=LARGEST_MESSAGE,
            protocols=[box.protocol] if box.protocol else [],
            timeout=_FAREWELL_SECONDS,
        )
        await browser.prepare(request)
        try:
            await _between(browser, box, over)
        except TimeoutError:  # a browser that does not read hears no farewell
            if request.transport is not None:
                request.transport.abort()
        return browser


async def _between(browser: Socket, box: Socket, over: asyncio.Event) -> None:
    """Both directions at once, until one side ends or the session does; then both sides are told why.

    Raises TimeoutError where a side does not take that.
    """
    tasks = [asyncio.create_task(each) for each in (_until(over), _pump(box, browser), _pump(browser, box))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        first = next(task for task in tasks if task in done)
        code, reason = first.result()
        # This task ends with the browser's connection, so where the browser has ended, the box is told before.
        async with asyncio.timeout(_FAREWELL_SECONDS):
            for side in (box, browser) if first is tasks[-1] else (browser, box):
                await side.close(code=code, message=reason)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: Socket, sink: Socket) -> tuple[int, bytes]:
    """Pass on what comes, until the end; the code and the reason of the end."""
    try:
        while True:
            message = await source.receive()
            if message.type in _PASSED:
                await sink.send_frame(message.data, message.type)
            elif message.type is WSMsgType.CLOSE:
                return int(message.data or WSCloseCode.OK), (message.extra or "").encode()
            elif message.type is WSMsgType.ERROR:  # too large, or no WebSocket any more; the library has closed it
                return int(source.close_code or WSCloseCode.PROTOCOL_ERROR), b""
            else:
                return int(WSCloseCode.GOING_AWAY), b""
    except (ClientError, OSError):
        return int(WSCloseCode.GOING_AWAY), b""


async def _until(over: asyncio.Event) -> tuple[int, bytes]:
    await over.wait()
    return int(WSCloseCode.POLICY_VIOLATION), b"session ended"
