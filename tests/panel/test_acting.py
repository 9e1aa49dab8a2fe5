"""What a person presses, and what the page then does."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.panel.conftest import Desk
from tests.panel.server import PASSWORD

pytestmark = pytest.mark.browser


def requested(page: Page, leaf: str) -> Callable[[], object]:
    """A predicate for the calls of that name."""
    return lambda: page.expect_request(re.compile(rf"/api/boxes/[^/]+/{leaf}$"))


def test_start_is_one_press(desk: Desk) -> None:
    desk.panel.answers["start"] = (202, desk.at_now("starting"), {})
    page = desk.open()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Starting")
    assert desk.panel.called("start") == [None]


def test_a_start_is_cancelled_by_a_stop(desk: Desk) -> None:
    desk.show("starting")
    desk.panel.answers["stop"] = (202, desk.at_now("stopping"), {})
    page = desk.open()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Stopping")
    assert len(desk.panel.called("stop")) == 1


def test_a_refused_start_says_why_in_the_servers_words(desk: Desk) -> None:
    desk.panel.answers["start"] = (
        503,
        {"code": "store_unavailable", "detail": "The disk is full. Free some space."},
        {},
    )
    page = desk.open()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_contain_text("The disk is full. Free some space.")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_running_render_is_not_stopped_by_one_slip(desk: Desk) -> None:
    desk.show("rendering")
    page = desk.open()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("dialog", name="A render is running")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert desk.panel.called("stop") == []
    page.get_by_role("button", name="Stop", exact=True).click()
    with page.expect_response("**/stop"):
        page.get_by_role("button", name="Stop now").click()
    assert len(desk.panel.called("stop")) == 1


def test_thirty_minutes_more_are_one_press(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    with page.expect_response("**/hold"):
        page.get_by_role("button", name="+30 min").click()
    assert desk.panel.called("hold") == [{"minutes": 30}]


def test_thirty_minutes_more_add_to_a_hold(desk: Desk) -> None:
    desk.show("held", hold_until="2099-01-01T18:00:00Z")
    page = desk.open()
    with page.expect_response("**/hold"):
        page.get_by_role("button", name="+30 min").click()
    assert desk.panel.called("hold") == [{"until": "2099-01-01T18:30:00.000Z"}]


def test_the_box_is_held_for_hours_until_a_time_and_no_longer(desk: Desk) -> None:
    desk.show("held")
    page = desk.open()
    more = page.get_by_role("button", name="Keep it on for longer")
    more.click()
    with page.expect_response("**/hold"):
        page.get_by_role("button", name="For 2 hours").click()
    more.click()
    page.locator("#hold-menu").get_by_label("Until").fill("18:00")
    with page.expect_response("**/hold"):
        page.get_by_role("button", name="Keep on", exact=True).click()
    more.click()
    with page.expect_response("**/hold"):
        page.get_by_role("button", name="End the hold").click()
    two_hours, until, ended = desk.panel.called("hold")
    assert two_hours == {"minutes": 120}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00\.000Z", until["until"])
    assert ended == {"until": None}


def test_all_is_done_by_keyboard(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    expect(page.locator("iframe")).to_be_focused()
    page.get_by_role("button", name="+30 min").focus()
    order = ["+30 min"]
    for _ in range(4):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent"))
    assert order == ["+30 min", "Keep it on for longer", "Open ComfyUI in a new tab", "Stop", "Menu"]
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Menu")).to_be_focused()


def test_a_press_beside_the_menu_closes_it(desk: Desk) -> None:
    page = desk.open()
    page.get_by_role("button", name="Menu").click()
    page.mouse.click(100, 400)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_menu_says_why_the_box_is_on_with_the_age_of_each_sign(desk: Desk) -> None:
    status = desk.show("ready")
    desk.panel.signals = [
        {"code": "comfyui", "text": "Somebody worked in ComfyUI at {seen_at}.", "values": {"seen_at": status["now"]}}
        | {"seen_at": status["last_activity"], "holds": True}
    ]
    page = desk.open()
    page.get_by_role("button", name="Menu").click()
    line = page.get_by_role("listitem").filter(has_text="Somebody worked in ComfyUI")
    expect(line).to_contain_text(re.compile(r"\d+ s ago"))


def test_the_menu_goes_on_saying_why_while_it_is_open(desk: Desk) -> None:
    status = desk.show("ready")
    sign = {"code": "hold", "text": "It is held until {until}.", "values": {"until": status["now"]}, "holds": True}
    desk.panel.signals = [sign]
    page = desk.open()
    page.get_by_role("button", name="Menu").click()
    line = page.locator("box-activity").get_by_role("listitem").filter(has_text="It is held until")
    expect(line).to_be_visible()
    desk.panel.signals = []
    desk.panel.send(desk.at_now("noted"))
    expect(line).to_have_count(0)


def test_a_wrong_password_is_said_and_a_right_one_opens_the_panel(make_desk: Callable[..., Desk]) -> None:
    page = make_desk().open()
    expect(page).to_have_url(re.compile("/login$"))
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Off")


def test_too_many_tries_are_counted_down(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.panel.answers["login"] = (429, {"code": "too_many_logins"}, {"retry-after": "2"})
    page = desk.open("/login")
    page.get_by_label("Password").fill("guess")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign in")).to_be_disabled()
    expect(page.get_by_role("alert")).to_have_text("Too many tries. You can try again in 1 s.")
    expect(page.get_by_role("button", name="Sign in")).to_be_enabled()


def test_after_signing_in_the_page_asked_for_opens_and_no_other_site(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    for wanted, opened in (("/?box=comfyui", "/?box=comfyui"), ("//example.com/", "/"), ("https://example.com", "/")):
        desk.context.clear_cookies()
        page = desk.open(f"/login?next={wanted}")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page).to_have_url(desk.origin + opened)


def test_signing_out_ends_the_session_in_all_tabs(desk: Desk) -> None:
    page, other = desk.open(), desk.open()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login$"))
    expect(other).to_have_url(re.compile(r"/login\?expired"))
    assert desk.panel.tokens == set()
