"""The whole way, as a person walks it, in a real browser."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Frame, Page, async_playwright, expect

from tests.support.chromium import ARGUMENTS, CHROMIUM, GRAPH_IS_THERE, PICTURE_IS_THERE
from tests.support.whole import PASSWORD, PLACE, Whole, whole

pytestmark = pytest.mark.browser

PATIENCE_MS = 60_000
MAKE_IT_LONG = """() => window.app.graph._nodes.find(n => n.type === 'DemoSlowRender')
    .widgets.find(w => w.name === 'seconds').value = 3600"""


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path) as running:
        yield running


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[BrowserContext]:
    """A profile as people have it. Its network is this computer: anything else is refused and told."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=CHROMIUM,
            args=ARGUMENTS,
            viewport={"width": 1440, "height": 900},
        )
        context.set_default_timeout(PATIENCE_MS)
        yield context
        await context.close()


async def frame_of(page: Page) -> Frame:
    handle = await page.wait_for_selector("iframe")
    frame = await handle.content_frame()
    assert frame is not None
    await frame.wait_for_function(GRAPH_IS_THERE)
    return frame


async def test_from_the_login_to_a_render_that_holds_the_box_to_the_stop(
    program: Whole, browser: BrowserContext
) -> None:
    strayed: list[str] = []
    browser.on("request", lambda request: _note(request.url, strayed))
    page = await browser.new_page()
    status = page.locator("main")

    await page.goto(program.url)
    await page.get_by_label("Password").fill("not this one")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").filter(has_text=re.compile("password", re.IGNORECASE))).to_be_visible()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")

    await page.get_by_role("button", name="Start", exact=True).click()
    await program.until_phase("ready")
    comfyui = await frame_of(page)
    assert await page.locator("iframe").get_attribute("name") is None
    await comfyui.get_by_role("button", name="Run", exact=True).click()
    await comfyui.wait_for_function(PICTURE_IS_THERE)

    # A long render holds the box, whatever the clock says.
    await comfyui.evaluate(MAKE_IT_LONG)
    await comfyui.get_by_role("button", name="Run", exact=True).click()
    await program.until(lambda status: status["busy"])
    for _ in range(4):
        program.clock.advance(minutes=20)
        await program.until(lambda status: status["busy"] and status["phase"] == "ready")
    await expect(page.locator("header")).to_contain_text("Render")
    await comfyui.get_by_role("button", name="Cancel current run").click()
    await program.until(lambda status: not status["busy"])

    # Then silence: the warning, and one press that keeps the box on.
    program.clock.advance(minutes=26)
    await program.until(lambda status: status["warning"] is not None)
    await expect(page.locator("header")).to_contain_text("Nobody here?")
    await page.get_by_role("button", name=re.compile("m here")).click()
    await program.until(lambda status: status["warning"] is None)

    # Nobody comes back: the box is stopped, and off is said once the cloud has said so.
    program.clock.advance(minutes=26)
    await program.until(lambda status: status["warning"] is not None)
    program.clock.advance(minutes=6)
    final = await program.until_phase("off")
    await expect(status.get_by_role("button", name="Start", exact=True)).to_be_visible()
    assert await page.locator("iframe").count() == 0
    assert final["status"] == "TERMINATED"
    assert final["last_session"]["cause"]["code"] == "idle"
    assert not program.ledger["billing"]
    assert strayed == []


async def test_the_page_comes_back_by_itself_and_two_tabs_agree(program: Whole, browser: BrowserContext) -> None:
    one = await browser.new_page()
    await one.goto(program.url)
    await one.get_by_label("Password").fill(PASSWORD)
    await one.keyboard.press("Enter")
    start = one.get_by_role("button", name="Start", exact=True)
    await expect(start).to_be_visible()
    other = await browser.new_page()
    await other.goto(program.url)
    await start.click()
    await program.until_phase("ready")
    await frame_of(other)
    await other.close()
    again = await browser.new_page()
    await again.goto(program.url)
    await frame_of(again)
    await program.panel.boxes.stop(PLACE.instance)
    for page in (one, again):
        await expect(page.locator("main").get_by_role("button", name="Start", exact=True)).to_be_visible()


async def test_where_the_browser_refuses_the_box_its_storage_the_page_says_so(tmp_path: Path) -> None:
    async with whole(tmp_path, address=None) as program, async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        # A context of its own is like a private window: what other sites store is refused.
        page = await (await chromium.new_context()).new_page()
        await page.goto(program.url)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Start", exact=True).click()
        await program.until_phase("ready")
        await expect(page.get_by_role("heading", name="a tab of its own")).to_be_visible(timeout=PATIENCE_MS)
        await expect(page.get_by_text("third-party cookies are blocked")).to_be_visible()
        async with page.expect_popup() as opened:
            await page.locator(".frame-notice:not([hidden])").get_by_role("link", name="Open ComfyUI").click()
        await (await opened.value).wait_for_function(GRAPH_IS_THERE)
        await chromium.close()


def _note(url: str, strayed: list[str]) -> None:
    if not re.match(r"(https?://127\.\d+\.\d+\.\d+[:/]|data:|blob:|chrome)", url):
        strayed.append(url)
