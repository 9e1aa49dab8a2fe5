"""The official page over the demo, in a real Chromium: first visit, Run, the picture, Cancel, saving."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.support.chromium import chromium
from tests.support.http_server import Handler, HttpServer

pytestmark = pytest.mark.browser

PATIENCE_MS = 60_000
# Errors in the console that are not ours. None is known; one that comes has to be given its reason here.
ALLOWED_ERRORS: tuple[str, ...] = ()

HERE = "http://127.0.0.1:"
READY = "() => window.app?.graph?._nodes?.length > 0"
PICTURE = "() => window.app.graph._nodes.find(n => n.type === 'SaveImage').imgs?.[0]?.naturalWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture
def errors() -> list[str]:
    """What the console complains of, and each request that would leave this computer."""
    return []


@pytest.fixture
def context(browser: Any, start: Callable[..., Any], paths_file: Any, errors: list[str]) -> Iterator[BrowserContext]:
    demo = start(extra_model_paths=(paths_file,))
    context: BrowserContext = browser.new_context(base_url=demo.url, viewport={"width": 1500, "height": 900})
    context.set_default_timeout(PATIENCE_MS)

    def only_here(route: Any) -> None:
        if route.request.url.startswith(HERE):
            route.continue_()
        else:
            errors.append(f"request to {route.request.url}")
            route.abort()

    context.route("**/*", only_here)
    context.on("console", lambda message: message.type == "error" and errors.append(message.text))
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert [error for error in errors if not any(known in error for known in ALLOWED_ERRORS)] == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto("/")
    page.wait_for_function(READY)
    return page


def seen(locator: Locator) -> None:
    expect(locator.first).to_be_visible(timeout=PATIENCE_MS)


def make_slow(page: Page) -> None:
    page.evaluate(
        "() => { const node = window.app.graph._nodes.find(n => n.type === 'DemoSlowRender');"
        " node.widgets.find(w => w.name === 'seconds').value = 3600 }"
    )


def test_the_first_visit_shows_a_graph_that_runs(page: Page) -> None:
    seen(page.get_by_role("note").filter(has_text="without a GPU"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Run", exact=True).click()
    assert page.wait_for_function(PICTURE).json_value() == 768
    seen(page.get_by_text("0 active"))


def test_control_and_enter_run_too(page: Page) -> None:
    page.keyboard.press("Control+Enter")
    assert page.wait_for_function(PICTURE).json_value() == 768


def test_a_render_can_be_watched_and_cancelled(page: Page) -> None:
    make_slow(page)
    page.get_by_role("button", name="Run", exact=True).click()
    seen(page.get_by_text("1 active"))
    with page.expect_response(lambda answer: "interrupt" in answer.url or "cancel" in answer.url):
        page.get_by_role("button", name="Cancel current run").click()
    seen(page.get_by_text("0 active"))


@pytest.fixture
def panel() -> Iterator[str]:
    """A page of another origin on the same site, as gpubox's panel is: `?URL` is what it frames."""

    class Framing(Handler):
        def do_GET(self) -> None:  # noqa: N802 - the name is the library's
            body = f'<iframe src="{self.path[2:]}" width="1400" height="800"></iframe>'
            self.reply(200, body.encode(), {"Content-Type": "text/html"})

    with HttpServer(Framing) as server:
        yield f"http://127.0.0.1:{server.port}/"


def test_it_runs_in_a_frame_of_the_same_site(context: BrowserContext, panel: str) -> None:
    """Another site would not do: browsers that block its storage show a white page there, whatever the server does."""
    page = context.new_page()
    demo_url = context.request.get("/").url
    page.goto(f"{panel}?{demo_url}", wait_until="commit")
    page.wait_for_selector("iframe")
    frame = page.frames[1]
    frame.wait_for_function(READY)
    frame.get_by_role("button", name="Run", exact=True).click()
    assert frame.wait_for_function(PICTURE).json_value() == 768


def test_the_page_cannot_speak_to_anybody_else(page: Page, errors: list[str]) -> None:
    refused = page.evaluate(
        "() => new Promise(resolve => {"
        " document.addEventListener('securitypolicyviolation', event => resolve(event.effectiveDirective));"
        " fetch('http://127.0.0.78:9/').catch(() => {}) })"
    )
    assert refused == "connect-src"
    errors.clear()  # the refusal itself is told in the console


def test_what_was_drawn_is_there_after_a_reload(page: Page) -> None:
    page.evaluate("() => { window.app.graph._nodes[0].title = 'Mine'; window.app.graph.change() }")
    with page.expect_response(lambda answer: "userdata/workflows%2F" in answer.url) as saved:
        page.keyboard.press("Control+s")
        page.get_by_role("textbox").last.fill("kept")
        page.keyboard.press("Enter")
    assert saved.value.status == 200
    page.reload()
    page.wait_for_function(READY)
    page.wait_for_function("() => window.app.graph._nodes.some(n => n.title === 'Mine')")
