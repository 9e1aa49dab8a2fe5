"""The metadata server: what a box asks at 169.254.169.254, and where it writes guest attributes."""

import asyncio
import re
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from manager.adapters.embedded.machines.container.metadata_tree import Tree, as_json, as_text, etag, find, flat

_ROOT = "/computeMetadata/v1/"
_GOOGLE = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_VALUE_BYTES = 256 * 1024


class Source(Protocol):
    """What the server asks for each answer."""

    def tree(self) -> Tree:
        """Answer everything but guest attributes."""
        ...

    def guest_attributes(self) -> dict[str, dict[str, str]] | None:
        """Answer them by namespace; None where metadata does not allow them."""
        ...

    def write(self, namespace: str, key: str, value: str | None) -> None:
        """Write one, or remove it (None)."""
        ...


def metadata_app(source: Source, look_seconds: float = 0.1) -> Starlette:
    """Answer the ASGI application of a box's metadata server; changes are looked for every `look_seconds`."""

    async def answer(request: Request) -> Response:
        if request.headers.get("metadata-flavor") != "Google":
            return _said(403, "Missing Metadata-Flavor:Google header.")
        if "x-forwarded-for" in request.headers:
            return _said(403, "X-Forwarded-For is not allowed.")
        path = request.path_params["path"]
        names = [name for name in path.split("/") if name]
        below = names[2:]
        if names[:2] == ["instance", "guest-attributes"] and (below or request.method != "GET"):
            return await _guest_attribute(source, request, below)
        if request.method != "GET":
            return _said(405, "Method not allowed.")
        return await _read(source, request, names, look_seconds)

    async def root(_request: Request) -> Response:
        return PlainTextResponse("computeMetadata/\n", headers=_GOOGLE, media_type="application/text")

    return Starlette(
        routes=[
            Route("/", root),
            Route(f"{_ROOT}{{path:path}}", answer, methods=["GET", "PUT", "DELETE", "POST"]),
        ],
        exception_handlers={404: _nowhere},
    )


async def _read(source: Source, request: Request, names: list[str], look_seconds: float) -> Response:
    asked = request.query_params
    try:
        found = find(source.tree(), names)
        if asked.get("wait_for_change", "").lower() == "true":
            known = asked.get("last_etag") or etag(found)
            found = await _changed(source, names, known, _seconds(asked.get("timeout_sec")), look_seconds)
    except KeyError:
        return _said(404, "Not found.")
    except ValueError:
        return _said(400, "timeout_sec has to be a number of seconds.")
    recursive = asked.get("recursive", "").lower() == "true"
    if isinstance(found, dict) and not recursive and not request.url.path.endswith("/"):
        return RedirectResponse(f"{request.url.path}/", 301, headers=_GOOGLE)
    headers = _GOOGLE | {"ETag": etag(found)}
    in_json = asked.get("alt", "json" if recursive else "text") == "json"
    if in_json and (recursive or not isinstance(found, dict)):
        return JSONResponse(as_json(found, names[-1] if names else ""), headers=headers)
    told = flat(found) if recursive and isinstance(found, dict) else as_text(found)
    return PlainTextResponse(told, headers=headers, media_type="application/text")


async def _changed(source: Source, names: list[str], known: str, seconds: float | None, look_seconds: float) -> Any:
    """Answer what is there once it is another than the `known` one, or after `seconds`."""
    loop = asyncio.get_running_loop()
    until = None if seconds is None else loop.time() + seconds
    while True:
        found = find(source.tree(), names)
        if etag(found) != known or (until is not None and loop.time() >= until):
            return found
        await asyncio.sleep(look_seconds)


def _seconds(asked: str | None) -> float | None:
    """Read timeout_sec; absent and 0 wait for ever."""
    return float(asked or 0) or None


async def _guest_attribute(source: Source, request: Request, names: list[str]) -> Response:
    written = source.guest_attributes()
    if written is None:
        return _said(403, "Guest attributes endpoint access is disabled.")
    if request.method == "GET":
        return _guest_attributes_read(request, written, names)
    if len(names) != 2 or not all(_NAME.fullmatch(name) for name in names):  # noqa: PLR2004 - a namespace and a key
        return _said(400, "A guest attribute is named NAMESPACE/KEY.")
    if request.method == "DELETE":
        if names[1] not in written.get(names[0], {}):
            return _said(404, "Not found.")
        source.write(names[0], names[1], None)
        return Response(headers=_GOOGLE)
    value = await request.body()
    if len(value) > _VALUE_BYTES:
        return _said(413, "The value of a guest attribute has at most 256 KiB.")
    source.write(names[0], names[1], value.decode(errors="replace"))
    return Response(headers=_GOOGLE)


def _guest_attributes_read(request: Request, written: dict[str, dict[str, str]], names: list[str]) -> Response:
    try:
        found = find(dict(written), names)
    except KeyError:
        return _said(404, "Not found.")
    if request.query_params.get("recursive", "").lower() == "true" and isinstance(found, dict):
        return JSONResponse(found, headers=_GOOGLE)
    return PlainTextResponse(as_text(found), headers=_GOOGLE, media_type="application/text")


def _said(status: int, text: str) -> Response:
    return PlainTextResponse(f"{text}\n", status, headers=_GOOGLE)


async def _nowhere(_request: Request, _error: Exception) -> Response:
    return _said(404, "Not found.")
