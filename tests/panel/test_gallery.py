"""Every state, narrow and wide, light and dark."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.panel.conftest import Desk
from tests.panel.states import NAMES

pytestmark = pytest.mark.browser

AXE = Axe()
NOT_THE_FRAME = {"exclude": ["iframe"]}

WORDS = {
    "off": "Off",
    "queued": "Queued",
    "starting": "Starting",
    "setting_up": "Setting up",
    "ready": "On",
    "stopping": "Stopping",
    "trouble": "Trouble",
}


def violations(page: Page) -> list[Any]:
    found = AXE.run(page, context=NOT_THE_FRAME).response["violations"]
    return [(it["id"], [node["html"] for node in it["nodes"]]) for it in found]


def looks(page: Page) -> Iterator[str]:
    """Wide and narrow, light and dark: the page itself, once in each."""
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 780})
        for scheme in ("light", "dark"):
            # Colours on their way from light to dark have no contrast worth measuring.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            yield f"{width} {scheme}"


@pytest.mark.parametrize("name", NAMES)
def test_a_state_is_told_accessibly_and_fits(name: str, desk: Desk) -> None:
    status = desk.show(name)
    page = desk.open()
    for look in looks(page):
        expect(page.get_by_role("heading", level=1)).to_have_text(WORDS[status["phase"]])
        assert violations(page) == [], look


@pytest.mark.parametrize(
    "name", ["off", "ready", "held", "stockout", "models-downloading", "models-failed", "guard-announced"]
)
def test_the_menu_is_accessible_and_fits(name: str, desk: Desk) -> None:
    desk.panel.boxes = ["comfyui", "video"]
    desk.show(name)
    page = desk.open()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("dialog").get_by_text("Log", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("Linux version")).to_be_visible()
    for look in looks(page):
        assert violations(page) == [], look


def test_the_login_is_accessible_and_fits(make_desk: Callable[..., Desk]) -> None:
    page = make_desk().open("/login?expired")
    expect(page.get_by_text("You were signed out")).to_be_visible()
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    for look in looks(page):
        assert violations(page) == [], look


@pytest.mark.parametrize("name", NAMES)
def test_the_first_paint_is_the_state_and_nothing_shifts(name: str, desk: Desk) -> None:
    desk.show(name)
    desk.context.add_init_script(
        "window.shifts = 0; new PerformanceObserver(list => {"
        "for (const entry of list.getEntries()) window.shifts += entry.value;"
        "}).observe({type: 'layout-shift', buffered: true});"
    )
    page = desk.open()
    expect(page.locator("box-tab:defined")).to_have_count(1)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("window.shifts") < 0.001


def test_without_scripts_a_plain_sentence_stands_there(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(java_script_enabled=False)
    assert "Signing in needs JavaScript" in desk.open("/login").evaluate("document.body.innerText")
    desk.sign_in()
    page = desk.open()
    assert "Turning the box on and off here needs JavaScript" in page.evaluate("document.body.innerText")
    expect(page.get_by_role("heading", level=1)).to_have_text("Off")
    expect(page.get_by_role("button")).to_have_count(0)


def test_times_stand_in_the_readers_zone(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(timezone_id="Asia/Kathmandu")
    desk.sign_in()
    status = desk.show("ready")
    page = desk.open()
    said = page.locator(".bar-said time")
    expect(said).to_have_attribute("datetime", status["stops_at"])
    minutes = int(status["stops_at"][14:16])
    expect(said).to_contain_text(f":{(minutes + 45) % 60:02}")


def test_a_wrong_clock_in_the_browser_does_no_harm(desk: Desk) -> None:
    desk.show("warning")
    desk.context.add_init_script("const real = Date.now; Date.now = () => real() + 3 * 3600 * 1000;")
    page = desk.open()
    expect(page.locator(".bar-said")).to_contain_text("Stops in 4:")


def test_less_than_a_hundred_kilobytes_come_over_the_wire(desk: Desk) -> None:
    page = desk.open()
    expect(page.locator("box-tab:defined")).to_have_count(1)
    sizes = page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map(entry => entry.transferSize)"
    )
    assert sum(sizes) < 100 * 1024


def test_nobody_but_the_panel_is_asked_for_anything(desk: Desk) -> None:
    asked: list[str] = []
    desk.context.on("request", lambda request: asked.append(request.url))
    page = desk.open()
    expect(page.locator("box-tab:defined")).to_have_count(1)
    assert [url for url in asked if not url.startswith(desk.origin)] == []
