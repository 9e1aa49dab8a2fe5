"""The state as it changes, as server-sent events."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import anyio
from fastapi import APIRouter, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from manager.application.ports import TokenClaims
from manager.web.deps import Published, Services, claims_of, services_of
from manager.web.openapi import answers
from manager.web.routes.instance import asked_box

PING_SECONDS = 15
RETRY_MS = 2000
_FAREWELL_SECONDS = 1.0

_DESCRIPTION: Final[dict[str, Any]] = {
    "description": "`event: status` with an id, the status as data: now and at each change. A comment every 15 s.",
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "properties": {
                    "event": {"const": "status"},
                    "id": {"type": "string"},
                    "data": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "contentSchema": {"$ref": "#/components/schemas/Status"},
                    },
                },
            },
        },
    },
}
_LAST_EVENT_ID = {"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"}}
_BOX = {
    "name": "box",
    "in": "query",
    "required": False,
    "description": "A box's name; the first one where none is given.",
    "schema": {"type": "string"},
}


def events_router(path: str, tag: str, name_of: Callable[[Request], str], *further: int) -> APIRouter:
    """The stream of one box."""
    router = APIRouter(tags=[tag])
    described = answers(None, 422, *further)
    described[200] = _DESCRIPTION
    parameters = [_LAST_EVENT_ID, *([_BOX] if name_of is asked_box else [])]

    @router.get(
        path,
        summary="The state as it changes",
        responses=described,
        response_class=EventSourceResponse,
        openapi_extra={"parameters": parameters},
    )
    async def events(request: Request, last_event_id: str | None = None) -> Response:
        """Goes on after the header Last-Event-ID (or `?last_event_id=`); ends with the session."""
        services, claims, name = services_of(request), claims_of(request), name_of(request)
        services.boxes.status(name)  # an unknown box is 404, not a stream that breaks off
        shutdown = anyio.Event()
        changes = services.boxes.changes(name, request.headers.get("last-event-id") or last_event_id)
        return EventSourceResponse(
            _stream(services, claims, changes, shutdown),
            ping=PING_SECONDS,
            ping_message_factory=_ping,
            shutdown_event=shutdown,
            shutdown_grace_period=_FAREWELL_SECONDS,
        )

    _ = events
    return router


async def _stream(
    services: Services,
    claims: TokenClaims,
    changes: AsyncIterator[Published],
    shutdown: anyio.Event,
) -> AsyncIterator[bytes]:
    services.counters.open_streams += 1
    over = {asyncio.ensure_future(services.login.ended(claims)), asyncio.ensure_future(shutdown.wait())}
    coming = asyncio.ensure_future(_next(changes))
    try:
        yield f"retry: {RETRY_MS}\r\n\r\n".encode()
        while True:
            done, _ = await asyncio.wait({coming, *over}, return_when=asyncio.FIRST_COMPLETED)
            if done & over:
                return
            published = coming.result()
            if published is None:
                return
            coming = asyncio.ensure_future(_next(changes))
            yield _event(published)
    finally:
        services.counters.open_streams -= 1
        for task in (coming, *over):
            task.cancel()
        await asyncio.gather(coming, *over, return_exceptions=True)
        if (close := getattr(changes, "aclose", None)) is not None:
            with contextlib.suppress(RuntimeError):
                await close()


async def _next(changes: AsyncIterator[Published]) -> Published | None:
    return await anext(changes, None)


def _event(published: Published) -> bytes:
    data = b"\r\ndata: ".join(published.body.splitlines())
    return b"event: status\r\nid: " + published.id.encode() + b"\r\ndata: " + data + b"\r\n\r\n"


def _ping() -> ServerSentEvent:
    return ServerSentEvent(comment="still here")
