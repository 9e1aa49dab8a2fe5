"""The page's script: which events are a person's, and how often it reports. The browser's clock is moved by hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).parents[3] / "startup/custom_nodes/gpubox_presence/web/presence.js"
# In place of the frontend's api: remembers instead of sending.
API = "window.reports = []; export const api = { fetchApi: async (...call) => { window.reports.push(call) } }"
INDEX = '<!doctype html><script type="module" src="/box/extensions/gpubox_presence/presence.js"></script>'
FILES = {
    "/box/": ("text/html", INDEX),
    "/box/scripts/api.js": ("text/javascript", API),
    "/box/extensions/gpubox_presence/presence.js": ("text/javascript", SCRIPT.read_text()),
}


@pytest.fixture
def page(browser: Any) -> Iterator[Page]:
    """A page below a path prefix. Nothing of it comes over a network."""
    page: Page = browser.new_page()
    page.clock.install()

    def serve(route: Any) -> None:
        path = route.request.url.removeprefix("http://comfyui.test")
        kind, body = FILES.get(path, ("text/plain", ""))
        route.fulfill(body=body, content_type=kind)

    page.route("**/*", serve)
    page.goto("http://comfyui.test/box/")
    page.wait_for_function("() => window.reports")
    yield page
    page.close()


def reports(page: Page) -> int:
    return page.evaluate("() => window.reports.length")


def test_a_click_is_reported_at_once(page: Page) -> None:
    page.mouse.click(10, 10)
    ((path, options),) = page.evaluate("() => window.reports")
    assert path == "/gpubox/presence"
    assert options["method"] == "POST"
    assert options["headers"] == {"X-Gpubox-Presence": "1"}


@pytest.mark.parametrize("act", ["down", "key", "wheel", "move"])
def test_each_kind_of_input_counts(page: Page, act: str) -> None:
    if act == "down":
        page.mouse.down()
    elif act == "key":
        page.keyboard.press("a")
    elif act == "wheel":
        page.mouse.wheel(0, 10)
    else:
        page.mouse.move(10, 10)
        page.mouse.move(20, 20)
    page.wait_for_function("() => window.reports.length === 1")


def test_a_person_at_work_is_reported_once_a_minute(page: Page) -> None:
    page.keyboard.press("a")
    page.clock.run_for(59_000)
    page.keyboard.press("a")
    assert reports(page) == 1
    page.clock.run_for(1_500)
    assert reports(page) == 1, "time alone is no person"
    page.keyboard.press("a")
    assert reports(page) == 2


def test_events_made_by_scripts_are_nobody(page: Page) -> None:
    page.evaluate(
        "() => { for (const event of [new PointerEvent('pointerdown', { bubbles: true }),"
        " new KeyboardEvent('keydown', { key: 'a', bubbles: true }), new WheelEvent('wheel', { bubbles: true })])"
        " document.body.dispatchEvent(event); document.body.click() }"
    )
    assert reports(page) == 0


def test_a_mouse_that_lies_still_is_nobody(page: Page) -> None:
    for _ in range(3):
        page.mouse.move(30, 30)
    assert reports(page) == 0


def test_a_hidden_page_is_nobody(page: Page) -> None:
    page.evaluate("() => Object.defineProperty(document, 'visibilityState', { value: 'hidden' })")
    page.mouse.click(10, 10)
    page.keyboard.press("a")
    assert reports(page) == 0
