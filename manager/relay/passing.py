"""One HTTP request, passed on: both bodies as they come, at the pace of the slower side."""

from collections.abc import AsyncIterator, Callable

import structlog
from aiohttp import ClientError
from aiohttp.web import BaseRequest, StreamResponse
from multidict import CIMultiDict

from manager.relay.headers import Headers
from manager.relay.ports import Target
from manager.relay.upstream import Upstream

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


async def pass_on(
    request: BaseRequest,
    upstream: Upstream,
    target: Target,
    headers: Headers,
    answer_headers: Callable[[Headers], Headers],
) -> StreamResponse:
    """The box's answer, on its way. Raises ClientError or OSError while nothing of it has been sent yet.

    Where the browser goes away, the task is cancelled, and that ends the request to the box. Where the box goes
    away in the middle of an answer, the browser's connection is closed without the end of the message.
    """
    body = _body(request) if request.body_exists else None
    asking = upstream.request(request.method, target, request.raw_path, headers=CIMultiDict(headers), data=body)
    async with asking as answer:
        passed = StreamResponse(
            status=answer.status,
            reason=answer.reason,
            headers=CIMultiDict(answer_headers([(name, _sendable(value)) for name, value in answer.headers.items()])),
        )
        await passed.prepare(request)
        pieces = answer.content.iter_any()
        while True:
            try:
                piece = await anext(pieces, None)
            except (ClientError, OSError) as error:
                log.info("the box broke an answer off", kind=type(error).__name__)
                break_off(request)
                return passed
            if piece is None:
                break
            await passed.write(piece)
        await passed.write_eof()
        return passed


def break_off(request: BaseRequest) -> None:
    """Close the browser's connection once it has what was sent: without its end the message counts as broken."""
    request.protocol.force_close()
    if request.transport is not None:
        request.transport.close()


async def _body(request: BaseRequest) -> AsyncIterator[bytes]:
    """The request's body. Whoever asked first is told to send it only now that the box is there to take it."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(_CONTINUE)
    async for piece in request.content.iter_any():
        yield piece


def _sendable(value: str) -> str:
    """Bytes that are no UTF-8 came as lone surrogates, which cannot be written again."""
    return value.encode("utf-8", "replace").decode()
