"""A browser, a panel with recorded states and something that stands in for ComfyUI."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.panel.server import Loopback, Panel, comfyui
from tests.panel.states import Status, moved, state
from tests.support.chromium import chromium

# Chromium itself writes these for each answer that is no success; the tests of such answers expect them.
EXPECTED = ("Failed to load resource: the server responded with a status of", "net::ERR_", "ERR_INCOMPLETE_CHUNKED")

# Playwright's own evaluations count as a person's activation of the page; here only a test's word counts.
TOUCHED_WHEN_TOLD = """let touched = false;
window.touch = () => { touched = true };
Object.defineProperty(navigator, 'userActivation', {value: {get isActive() { return touched }}});"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Panel, Loopback]]:
    panel = Panel()
    web = Loopback(panel.app)
    web.start()
    yield panel, web
    panel.cut(down=True)
    web.stop()


@pytest.fixture(scope="session")
def box() -> Iterator[tuple[Any, Loopback]]:
    app = comfyui()
    web = Loopback(app, host="127.0.0.2")
    web.start()
    yield app, web
    web.stop()


@dataclass
class Desk:
    """One browser context at the panel: what was wrong on its pages is collected, and fails the test at its end."""

    context: BrowserContext
    panel: Panel
    origin: str
    comfyui_origin: str
    loads: Callable[[], int]
    wrong: list[str]

    def show(self, name: str, **changes: Any) -> Status:
        """Makes a state of the gallery the server's, as of now, without telling open pages."""
        self.panel.status = self.at_now(name, **changes)
        return self.panel.status

    def at_now(self, name: str, **changes: Any) -> Status:
        status = moved(state(name), datetime.now(UTC)) | changes  # noqa: TID251 - the browser's clock is real
        if status["comfyui_url"] and "comfyui_url" not in changes:
            status["comfyui_url"] = f"{self.comfyui_origin}/"
        return status

    def open(self, path: str = "/", wait_until: Any = "load") -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.goto(self.origin + path, wait_until=wait_until)
        return page

    def sign_in(self) -> None:
        self.context.add_cookies([{**self.panel.sign_in(), "url": self.origin}])  # type: ignore[list-item]

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not any(part in text for part in EXPECTED):
            self.wrong.append(text)


@pytest.fixture
def make_desk(
    browser: Browser, served: tuple[Panel, Loopback], box: tuple[Any, Loopback]
) -> Iterator[Callable[..., Desk]]:
    panel, web = served
    app, frame = box
    panel.reset()
    panel.frame_source = frame.origin
    app.state.loads = 0
    desks: list[Desk] = []

    def make(**options: Any) -> Desk:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", **options})
        context.set_default_timeout(10_000)
        context.add_init_script(TOUCHED_WHEN_TOLD)
        desk = Desk(context, panel, web.origin, frame.origin, lambda: app.state.loads, [])
        desks.append(desk)
        return desk

    yield make
    panel.cut(down=False)
    for desk in desks:
        # What a page still asks for as it closes is nobody's concern.
        desk.context.unroute_all(behavior="ignoreErrors")
        desk.context.close()
    assert [line for desk in desks for line in desk.wrong] == []


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """A browser that is signed in."""
    desk = make_desk()
    desk.sign_in()
    return desk
