"""Every state, narrow and wide, light and dark."""

from collections.abc import Callable
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("name", NAMES)
def test_a_state_is_told_accessibly_and_fits(
    name: str, width: int, scheme: str, make_desk: Callable[..., Desk]
) -> None:
    desk = make_desk(viewport={"width": width, "height": 780}, color_scheme=scheme)
    desk.sign_in()
    status = desk.show(name)
    page = desk.open()
    expect(page.get_by_role("heading", level=1)).to_have_text(WORDS[status["phase"]])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("name", ["off", "ready", "held", "stockout"])
def test_the_menu_is_accessible_and_fits(name: str, width: int, scheme: str, make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(viewport={"width": width, "height": 780}, color_scheme=scheme)
    desk.panel.boxes = ["comfyui", "video"]
    desk.sign_in()
    desk.show(name)
    page = desk.open()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("dialog").get_by_text("Log", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("Linux version")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_login_is_accessible_and_fits(width: int, scheme: str, make_desk: Callable[..., Desk]) -> None:
    page = make_desk(viewport={"width": width, "height": 780}, color_scheme=scheme).open("/login?expired")
    expect(page.get_by_text("You were signed out")).to_be_visible()
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


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
    expect(desk.open("/login").get_by_text("Signing in needs JavaScript")).to_be_visible()
    desk.sign_in()
    page = desk.open()
    expect(page.get_by_text("needs JavaScript, which is switched off")).to_be_visible()
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
