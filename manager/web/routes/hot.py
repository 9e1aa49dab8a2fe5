"""The two routes that every open panel asks all the time.

They are served before and around FastAPI's own machinery, which costs more than they do; the same functions are
registered with FastAPI too, for the description of the API.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from manager.messages import plain
from manager.web.deps import services_of
from manager.web.schemas import KeepAlive

Handler = Callable[[Request], Awaitable[Response]]
NameOf = Callable[[Request], str]

KEEP_ALIVE_BODY: Final[Mapping[str, Any]] = {
    "requestBody": {
        "content": {
            "application/json": {"schema": {"anyOf": [{"$ref": "#/components/schemas/KeepAlive"}, {"type": "null"}]}},
        },
    },
}
_ACTIVE = KeepAlive()
_BODY: TypeAdapter[KeepAlive | None] = TypeAdapter(KeepAlive | None)


def hot_routes(prefix: str, name_of: NameOf) -> list[Route]:
    """The routes under a prefix; `name_of` finds the box a request is about."""
    return [
        Route(f"{prefix}/keep-alive", keep_alive_handler(name_of), methods=["POST"]),
        Route(f"{prefix}/status", status_handler(name_of), methods=["GET"]),
    ]


def status_handler(name_of: NameOf) -> Handler:
    """GET status."""

    async def status(request: Request) -> Response:
        """Answered from memory, never waiting on the cloud."""
        return Response(services_of(request).boxes.status(name_of(request)).body, media_type="application/json")

    return status


def keep_alive_handler(name_of: NameOf) -> Handler:
    """POST keep-alive."""

    async def keep_alive(request: Request) -> Response:
        """Without a body, or with `active` true, a person is at work; `active` false proves only an open tab."""
        active = _active(await request.body(), request.headers.get("content-type"))
        last, stops = services_of(request).boxes.keep_alive(name_of(request), active)
        return Response(
            f'{{"last_activity":{_quoted(plain(last))},"stops_at":{_quoted(plain(stops))}}}',
            media_type="application/json",
        )

    return keep_alive


def _active(body: bytes, content_type: str | None) -> bool:
    if not body:
        return True
    try:
        if not (content_type or "").lower().startswith("application/json"):
            raise RequestValidationError([{"type": "model_type", "loc": ("body",), "msg": ""}])
        return (_BODY.validate_json(body) or _ACTIVE).active
    except ValidationError as error:
        findings = [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(findings) from None


def _quoted(moment: str | None) -> str:
    return f'"{moment}"' if moment else "null"
