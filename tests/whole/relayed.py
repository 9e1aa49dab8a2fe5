"""The whole program with a relay before a box of the test's own making, and a browser at the panel."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from aiohttp import WSMsgType, web
from playwright.async_api import BrowserContext, Frame, Page, async_playwright
from starlette.types import Message, Receive, Scope, Send

from manager.adapters.tokens import JwtTokens, keep_secret
from manager.application.entrance import entering
from manager.application.ports import TokenClaims
from manager.relay import Relay, Target
from manager.relaying import make_relay
from manager.web.gate import Gate
from tests.relay.house import Certificate, certificate, serving
from tests.support.chromium import ARGUMENTS, CHROMIUM
from tests.support.whole import PASSWORD, PLACE, Whole, whole

_ARGUMENTS = [*ARGUMENTS, "--host-resolver-rules=MAP panel.test 127.0.0.1, MAP evil.test 127.0.0.1"]
PATIENCE_MS = 30_000
# Where the browser meets panel and relay. A name on plain HTTP is no secure context: no Sec-Fetch headers are sent.
LOOPBACK, BLOCKED, NAMED = "127.0.0.1", "third-party cookies blocked", "panel.test"


@dataclass
class Hostile:
    """A box whose page does what the test tells it to. `heard` is every request that reached it."""

    heard: list[web.BaseRequest] = field(default_factory=list[web.BaseRequest])

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.heard.append(request)
        if request.headers.get("Upgrade") == "websocket":
            talk = web.WebSocketResponse()
            await talk.prepare(request)
            async for message in talk:
                if message.type is WSMsgType.TEXT:
                    await talk.send_str(message.data)
            return talk
        kind = "text/javascript" if request.raw_path.endswith(".js") else "text/html"
        body = "" if kind == "text/javascript" else "<!doctype html><title>hostile</title><h1>A custom node's page</h1>"
        return web.Response(text=body, content_type=kind, headers={"Set-Cookie": "gpubox=from-the-box; Path=/"})


@dataclass
class Scene:
    """A person at the panel, and ComfyUI's page in its frame."""

    program: Whole
    relay: Relay
    browser: BrowserContext
    panel: str
    origin: str
    page: Page
    frame: Frame
    answered: list[tuple[str, int]]

    def answers_of_api(self) -> dict[str, set[int]]:
        """What the panel answered to calls of its API, by path, since this was last asked."""
        found: dict[str, set[int]] = {}
        for path, status in self.answered:
            found.setdefault(path, set()).add(status)
        self.answered.clear()
        return found

    async def session_lives(self) -> bool:
        """Whether the panel's own page still proves its session."""
        status = await self.page.evaluate("fetch('/api/auth/check').then(answer => answer.status)")
        self.answered.clear()
        return status == 200

    async def frame_answers(self) -> bool:
        """Whether the relay still knows this browser."""
        other = await self.browser.new_page()
        answer = await other.goto(f"{self.origin}/")
        await other.close()
        return answer is not None and answer.status == 200


async def log_in(page: Page, panel: str) -> None:
    await page.goto(panel)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{panel}/")


async def enter(program: Whole, page: Page, origin: str) -> Frame:
    """Frame the relay in the panel's page, with a ticket for the page's own session."""
    cookies = await page.context.cookies(page.url)
    token = next(each["value"] for each in cookies if each["name"] == "gpubox")
    panel = program.panel
    claims = _claims(program, token)
    session = await panel.visits.remember(PLACE.instance, claims)
    ticket = panel.passes.ticket(PLACE.instance, session, claims.expires_at, program.clock.now())
    await page.evaluate(
        """address => {
            const frame = document.createElement("iframe");
            frame.src = address;
            document.body.append(frame);
        }""",
        entering(origin, ticket),
    )
    handle = await page.wait_for_selector("iframe")
    frame = await handle.content_frame()
    assert frame is not None
    await frame.wait_for_url(f"{origin}/")
    return frame


def _claims(program: Whole, token: str) -> TokenClaims:
    secret = keep_secret(program.panel.settings.state_dir / "jwt-secret")
    return JwtTokens(secret, timedelta(hours=24)).read(token, program.clock.now())


@asynccontextmanager
async def relayed(program: Whole, box: str, cert: Certificate, panel: str) -> AsyncGenerator[tuple[Relay, str]]:
    """A relay to the box at this address, and its origin as the browser sees it."""
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"{panel.rpartition(':')[0]}:{listener.getsockname()[1]}"
    it = program.panel
    relay = make_relay(
        it.settings,
        listener,
        PLACE.instance,
        registry=it.registry,
        passes=it.passes,
        sessions=it.visits,
        bearer=it.bearers,
        clock=program.clock,
        panel_url=program.url,
        url=origin,
    )
    # The box is not one of the cloud's, which would be off, or have an address of the cloud's choosing.
    relay._targets = lambda name: Target(box, cert.pem, it.bearers(name)) if name == PLACE.instance else None
    it.boxes.frame_source = lambda *_: origin  # type: ignore[method-assign]
    await relay.open()
    try:
        yield relay, origin
    finally:
        await relay.close()


@asynccontextmanager
async def browsing(folder: Path, where: str) -> AsyncGenerator[BrowserContext]:
    """A profile as people have it, or a private window, where other sites can store nothing."""
    async with async_playwright() as playwright:
        if where == BLOCKED:
            chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
            context = await chromium.new_context()
        else:
            context = await playwright.chromium.launch_persistent_context(
                str(folder / "profile"), executable_path=CHROMIUM, args=_ARGUMENTS
            )
        context.set_default_timeout(PATIENCE_MS)
        try:
            yield context
        finally:
            await context.close()


@asynccontextmanager
async def recording(answered: list[tuple[str, int]]) -> AsyncGenerator[None]:
    """Note what the panel answers; a browser does not tell of answers that it gives to nobody."""
    answer = Gate.__call__

    async def answer_and_note(self: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.append((scope["path"], message["status"]))
            await send(message)

        await answer(self, scope, receive, send_on)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Gate, "__call__", answer_and_note)
        yield


@asynccontextmanager
async def scene(folder: Path, where: str, hostile: Hostile) -> AsyncGenerator[Scene]:
    """Everything, with the hostile page in the panel's frame."""
    cert = certificate(folder / "box.pem")
    answered: list[tuple[str, int]] = []
    async with (
        recording(answered),
        whole(folder) as program,
        serving(hostile, ssl=cert.context()) as port,
        browsing(folder, where) as browser,
    ):
        panel = program.url.replace("127.0.0.1", NAMED) if where == NAMED else program.url
        async with relayed(program, f"https://127.0.0.1:{port}", cert, panel) as (relay, origin):
            page = await browser.new_page()
            await log_in(page, panel)
            frame = await enter(program, page, origin)
            answered.clear()
            yield Scene(program, relay, browser, panel, origin, page, frame, answered)


def intent(program: Whole) -> str:
    """What is wanted of the box."""
    return str(httpx.Response(200, content=program.panel.boxes.status(PLACE.instance).body).json()["phase"])
