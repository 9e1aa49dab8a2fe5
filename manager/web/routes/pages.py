"""What browsers open: the panel, the login, the files they need, and the description of the API to read."""

import gzip
import json
import re
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse

from manager.web.deps import Services, services_of, visitor_of
from manager.web.docs import render_docs
from manager.web.hosts import page_at
from manager.web.openapi import describe
from manager.web.pages import Pages
from manager.web.policy import new_nonce, page_headers

_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_ORIGIN = re.compile(r"^https?://[\w.\-\[\]:]+$", re.ASCII)


def pages_router(services: Services) -> APIRouter:
    """The pages; templates are compiled when the first one is opened."""
    router = APIRouter(include_in_schema=False)
    pages = Pages(services.templates, services.assets.url)

    @router.get("/")
    async def panel(request: Request, box: str | None = None) -> Response:
        if visitor_of(request.scope).claims is None:
            asked = f"?next={quote('/?' + request.url.query, safe='')}" if request.url.query else ""
            return RedirectResponse(f"/login{asked}", 303)
        names = services.boxes.names()
        name = box if box is not None else names[0]
        page = page_at(request.scope)
        status, relay = json.loads(services.boxes.status(name).body), _relay(services, name, page)
        context: dict[str, Any] = {"box": name, "boxes": names, "status_json": _seen(status, relay), "relay": relay}
        return _page(request, pages, "panel.html", context, _frame_source(services, name, page))

    @router.get("/login")
    async def login(request: Request) -> Response:
        if visitor_of(request.scope).claims is not None:
            return RedirectResponse("/", 303)
        return _page(request, pages, "login.html", {}, None)

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        nonce = new_nonce()
        return _html(request, render_docs(describe(request.app), nonce), page_headers(nonce))

    @router.get("/openapi.json")
    async def openapi(request: Request) -> Response:
        return JSONResponse(describe(request.app))

    _ = (panel, login, docs, openapi)
    return router


async def static_file(request: Request) -> Response:
    """A file; one asked for by its version never changes."""
    asset = services_of(request).assets.get(request.path_params["name"])
    if asset is None:
        raise HTTPException(404)
    headers = {
        "Cache-Control": _FOR_EVER if request.query_params.get("v") == asset.version else _ASK_AGAIN,
        "ETag": f'"{asset.version}"',
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    body = asset.body
    if asset.gzipped is not None and _takes_gzip(request):
        body, headers["Content-Encoding"] = asset.gzipped, "gzip"
    return Response(body, headers=headers, media_type=asset.media_type)


def _page(request: Request, pages: Pages, name: str, context: dict[str, Any], frame_source: str | None) -> Response:
    nonce = new_nonce()
    html = pages.render(name, {**context, "csp_nonce": nonce, "frame_source": frame_source})
    return _html(request, html, page_headers(nonce, frame_source))


def _html(request: Request, html: str, headers: dict[str, str]) -> Response:
    body = html.encode(errors="replace")
    headers["Vary"] = "Accept-Encoding"
    if _takes_gzip(request):
        body, headers["Content-Encoding"] = gzip.compress(body, 6, mtime=0), "gzip"
    return Response(body, headers=headers, media_type="text/html; charset=utf-8")


def _relay(services: Services, name: str, page: str | None) -> str | None:
    """The relay's origin, as this browser has it."""
    relay = services.boxes.relay(name, page) or ""
    return relay if _ORIGIN.fullmatch(relay) else None


def _seen(status: dict[str, Any], relay: str | None) -> dict[str, Any]:
    """A status is the same for everybody; the relay is where this browser has it (static/js/box.js does likewise)."""
    entrance: dict[str, Any] = status.get("entrance") or {}
    relayed = entrance.get("way") == "relay" and status["comfyui_url"] is not None
    return status | {"comfyui_url": relay} if relayed and relay is not None else status


def _frame_source(services: Services, name: str, page: str | None) -> str | None:
    """The origins of the box's ComfyUI; anything that is no plain origin must not get into the policy."""
    sources = (services.boxes.frame_source(name, page) or "").split(" ")
    return " ".join(each for each in sources if each == "'self'" or _ORIGIN.fullmatch(each)) or None


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")
