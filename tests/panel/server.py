"""A panel without a box: the real templates and files, recorded states, and an event stream that tests write."""

import asyncio
import json
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from manager.domain.allowing import Fence
from manager.domain.errors import GpuboxError
from manager.web.assets import Assets
from manager.web.errors import problem
from manager.web.pages import Pages
from manager.web.reach_schemas import Allow

from .letting_in import LettingIn
from .states import Status, state

ROOT = Path(__file__).parents[2]
PASSWORD = "open sesame"
COOKIE = "gpubox_session"


class Loopback:
    """An ASGI app on a port of this computer, in a thread of its own."""

    def __init__(self, app: Any, host: str = "127.0.0.1", port: int = 0) -> None:
        config = uvicorn.Config(app, host=host, port=port, log_level="critical", ws="none", timeout_graceful_shutdown=0)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._host = host
        self.port = port

    def start(self) -> None:
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)
            if not self._thread.is_alive():
                raise RuntimeError("the test server did not start")
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    @property
    def origin(self) -> str:
        return f"http://{self._host}:{self.port}"


class Panel:
    """What a test sets and reads: the status, the session, the answers, and every call that the page made."""

    def __init__(self) -> None:
        self.reset()
        self._assets = Assets(ROOT / "static")
        self._pages = Pages(ROOT / "templates", self._assets.url)
        self.app = GZipMiddleware(
            Starlette(
                routes=[
                    Route("/", self._page),
                    Route("/login", self._login_page),
                    Route("/api/auth/login", self._login, methods=["POST"]),
                    Route("/api/auth/logout", self._logout, methods=["POST"]),
                    Route("/api/boxes/{box}/{leaf}", self._leaf, methods=["GET", "POST", "DELETE"]),
                    Route("/api/events", self._events),
                    Mount("/static", StaticFiles(directory=ROOT / "static")),
                ]
            ),
            minimum_size=500,
        )

    def reset(self) -> None:
        self.status: Status = state("off")
        self.boxes = ["comfyui"]
        self.frame_source: str | None = "http://127.0.0.2:8188"
        self.relay: str | None = None
        self.answers: dict[str, tuple[int, Any, dict[str, str]]] = {}
        self.calls: list[tuple[str, Any]] = []
        self.tokens: set[str] = set()
        self.pages = 0
        self.streams: set[tuple[asyncio.AbstractEventLoop, asyncio.Queue[str | None]]] = set()
        self.down = False
        self.signals: list[Status] = []
        self.allowing = LettingIn("127.0.0.1", Fence())

    # -- what tests do ------------------------------------------------------------------------------------------

    def sign_in(self) -> dict[str, str]:
        """A session's cookie, as playwright takes it; add url."""
        token = secrets.token_hex(8)
        self.tokens.add(token)
        return {"name": COOKIE, "value": token, "httpOnly": True, "sameSite": "Strict"}

    def send(self, status: Status) -> None:
        """Makes it the status and tells all open pages."""
        self.status = status
        self._put(f"id: {secrets.token_hex(4)}\nevent: status\ndata: {json.dumps(status)}\n\n")

    def cut(self, *, down: bool) -> None:
        """Ends all streams; while down, everything but files answers 503."""
        self.down = down
        self._put(None)

    def called(self, leaf: str) -> list[Any]:
        """The bodies of all calls of that name."""
        return [body for name, body in self.calls if name == leaf]

    def _put(self, item: str | None) -> None:
        for loop, queue in tuple(self.streams):
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(queue.put_nowait, item)

    # -- what pages ask -----------------------------------------------------------------------------------------

    def _signed_in(self, request: Request) -> bool:
        return request.cookies.get(COOKIE) in self.tokens

    def _html(self, template: str, **context: Any) -> HTMLResponse:
        nonce = secrets.token_urlsafe(12)
        page = self._pages.render(template, {"csp_nonce": nonce, **context})
        frame = f"frame-src {self.frame_source}; " if self.frame_source else ""
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data: blob:; "
            f"connect-src 'self'; {frame}base-uri 'none'; form-action 'self'"
        )
        return HTMLResponse(page, headers={"content-security-policy": policy, "cache-control": "no-store"})

    async def _page(self, request: Request) -> Response:
        if not self._signed_in(request):
            return RedirectResponse("/login", status_code=303)
        self.pages += 1
        return self._html(
            "panel.html",
            boxes=self.boxes,
            box=self.status["name"],
            status_json=self.status,
            frame_source=self.frame_source,
            relay=self.relay,
        )

    async def _login_page(self, _: Request) -> Response:
        return self._html("login.html")

    async def _login(self, request: Request) -> Response:
        body = await request.json()
        if "login" in self.answers:
            return self._answer("login")
        if body.get("password") != PASSWORD:
            return JSONResponse({"title": "Wrong password", "code": "login_refused"}, status_code=401)
        answer = JSONResponse({"token": "hidden", "expires_at": "2026-11-19T14:00:00Z"})
        cookie = self.sign_in()
        answer.set_cookie(COOKIE, cookie["value"], httponly=True, samesite="strict")
        return answer

    async def _logout(self, request: Request) -> Response:
        self.tokens.discard(request.cookies.get(COOKIE, ""))
        return Response(status_code=204)

    async def _leaf(self, request: Request) -> Response:
        if self.down:
            return JSONResponse({"title": "Restarting"}, status_code=503)
        if not self._signed_in(request):
            return JSONResponse({"title": "Sign in", "code": "not_authenticated"}, status_code=401)
        leaf = request.path_params["leaf"]
        body = await request.body()
        self.calls.append((leaf, json.loads(body) if body else None))
        if leaf == "allowed" and leaf not in self.answers:
            return await self._allowed(request, json.loads(body) if body else {})
        if leaf in self.answers:
            return self._answer(leaf)
        if leaf == "logs":
            text = "[    0.000000] Linux version 6.1.0-38-cloud-amd64\n"
            start = int(request.query_params.get("start", 0))
            return JSONResponse(
                {"setup": {"phase": "comfyui"}, "serial": {"text": text[start:], "start": start, "next": len(text)}}
            )
        if leaf == "activity":
            return JSONResponse(
                {"headline": self.status["headline"], "signals": [*self.status["details"], *self.signals]}
            )
        if leaf == "keep-alive":
            return JSONResponse({key: self.status[key] for key in ("last_activity", "stops_at")})
        return JSONResponse(self.status, status_code=202 if leaf in {"start", "stop"} else 200)

    async def _allowed(self, request: Request, sent: dict[str, Any]) -> Response:
        """As the real route does it."""
        try:
            if request.method == "DELETE":
                told = await self.allowing.remove(request.query_params["network"])
            elif request.method == "POST":
                asked = Allow.model_validate_json(json.dumps(sent))
                told = await self.allowing.allow(asked.address, asked.moment(self.allowing.now()))
            else:
                told = await self.allowing.allowed()
        except GpuboxError as error:
            return problem(error.fault)
        return JSONResponse(told)

    def _answer(self, leaf: str) -> Response:
        status, body, headers = self.answers[leaf]
        kind = "application/problem+json" if status >= 400 else "application/json"
        return Response(json.dumps(body), status, headers, kind)

    async def _events(self, request: Request) -> Response:
        if self.down:
            return Response(status_code=503)
        if not self._signed_in(request):
            return Response(status_code=401)
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        entry = (asyncio.get_running_loop(), queue)
        self.streams.add(entry)
        first = f"retry: 200\nid: first\nevent: status\ndata: {json.dumps(self.status)}\n\n"
        return StreamingResponse(self._stream(entry, first), media_type="text/event-stream")

    async def _stream(self, entry: tuple[Any, asyncio.Queue[str | None]], first: str) -> AsyncIterator[str]:
        try:
            yield first
            while (item := await entry[1].get()) is not None:
                yield item
        finally:
            self.streams.discard(entry)


def comfyui(delay: asyncio.Event | None = None) -> Starlette:
    """Something that stands in for ComfyUI's page, and counts how often it is loaded."""

    async def page(request: Request) -> Response:
        if delay is not None:
            await delay.wait()
        request.app.state.loads += 1
        return HTMLResponse(
            "<!DOCTYPE html><html lang=en><title>ComfyUI</title><body style='margin:0;background:#202020'>"
            "<main><h1 style='color:#eee;font:20px sans-serif;padding:20px'>Untitled workflow</h1>"
            "<input aria-label='seed' value=''></main>"
        )

    app = Starlette(routes=[Route("/", page)])
    app.state.loads = 0
    return app
