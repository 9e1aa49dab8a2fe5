"""The page while time passes: news, silence, sleep, warnings, presence."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.panel.conftest import Desk

pytestmark = pytest.mark.browser

HERE = re.compile("^I.m here$")


def test_news_arrive_and_two_tabs_agree(desk: Desk) -> None:
    pages = [desk.open(), desk.open()]
    for name, word in (("starting", "Starting"), ("ready", "On"), ("stopping", "Stopping"), ("off", "Off")):
        desk.panel.send(desk.at_now(name))
        for page in pages:
            expect(page.get_by_role("heading", level=1)).to_have_text(word)
            expect(page).to_have_title(f"{word} · comfyui")


def test_late_news_do_not_undo_newer_ones(desk: Desk) -> None:
    late = desk.at_now("off")
    page = desk.open()
    desk.panel.send(desk.at_now("starting"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Starting")
    desk.panel.send(late)
    desk.panel.send(desk.at_now("setting-up"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Setting up")


def test_a_restart_of_the_server_is_shown_and_survived(desk: Desk) -> None:
    page = desk.open()
    desk.panel.cut(down=True)
    sign = page.get_by_role("status").filter(has_text="Not live")
    expect(sign).to_be_visible()
    expect(sign).to_contain_text("What you see is from")
    desk.panel.down = False
    desk.show("starting")
    expect(page.get_by_role("heading", level=1)).to_have_text("Starting")
    expect(sign).to_have_count(0)


def test_a_lost_network_is_shown_and_survived(desk: Desk) -> None:
    page = desk.open()
    expect(page.locator("box-live[data-state=live]")).to_have_count(1)
    desk.context.set_offline(True)
    expect(page.get_by_text("this device is offline")).to_be_visible()
    desk.show("starting")
    desk.context.set_offline(False)
    expect(page.get_by_role("heading", level=1)).to_have_text("Starting")
    expect(page.get_by_text("this device is offline")).to_be_hidden()


def test_a_stream_that_died_unnoticed_is_replaced(desk: Desk) -> None:
    page = desk.open()
    page.clock.install()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Off")
    desk.show("starting")  # and no event says so
    page.clock.run_for(70_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("Starting")
    desk.panel.send(desk.at_now("ready"))
    expect(page.get_by_role("heading", level=1)).to_have_text("On")


def test_an_ended_session_leads_to_the_login(desk: Desk) -> None:
    page = desk.open()
    desk.panel.tokens.clear()
    desk.panel.cut(down=False)
    expect(page).to_have_url(re.compile(r"/login\?expired&next=%2F$"))


def test_an_ended_session_leaves_an_open_frame_alone(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    page.frame_locator("iframe").get_by_label("seed").fill("4711")
    desk.panel.tokens.clear()
    desk.panel.cut(down=False)
    expect(page.get_by_role("alert").filter(has_text="signed out")).to_be_visible()
    with desk.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again").click()
    opened.value.get_by_label("Password").fill("open sesame")
    opened.value.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="signed out")).to_have_count(0)
    expect(page.frame_locator("iframe").get_by_label("seed")).to_have_value("4711")


def test_before_an_idle_stop_the_page_warns_everywhere_and_one_press_keeps_the_box_on(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    icon = page.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", re.compile("icons/on.svg"))
    desk.panel.send(desk.at_now("warning"))
    expect(page.locator(".bar-said")).to_contain_text(re.compile(r"Nobody here\? Stops in 4:\d\d\."))
    expect(page).to_have_title(re.compile(r"^4:\d\d · stops soon · comfyui$"))
    expect(icon).to_have_attribute("href", re.compile("icons/warning.svg"))
    desk.show("ready")
    page.get_by_role("button", name=HERE).click()
    expect(page.get_by_role("button", name=HERE)).to_have_count(0)
    expect(page).to_have_title("On · comfyui")
    assert {"active": True} in desk.panel.called("keep-alive")


def test_nobody_is_offered_to_talk_google_out_of_its_run_limit(desk: Desk) -> None:
    desk.show("run-limit-near")
    page = desk.open()
    expect(page.locator(".bar-said")).to_contain_text("The run limit is near. Google stops the box in 3:")
    expect(page.get_by_role("button", name=HERE)).to_have_count(0)


def test_a_notification_tells_those_who_want_it(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(permissions=["notifications"])
    desk.sign_in()
    desk.context.add_init_script(
        "window.told = []; const Real = Notification;"
        "window.Notification = class extends Real { constructor(title, more) { super(title, more);"
        " window.told.push(more.body); } };"
        "document.hasFocus = () => false;"
    )
    desk.show("ready")
    page = desk.open()
    page.get_by_role("button", name="Menu").click()
    switch = page.get_by_role("switch")
    switch.click()
    expect(switch).to_be_checked()
    desk.panel.send(desk.at_now("warning"))
    page.wait_for_function("window.told.length === 1")
    assert page.evaluate("window.told[0]").startswith("Nobody here? Stops in 4:")


def test_costs_and_countdowns_go_on_between_two_news(desk: Desk) -> None:
    desk.show("ready-near-end")
    page = desk.open()
    page.clock.install()
    page.reload()
    expect(page.locator(".bar-countdown")).to_have_text(re.compile(r"^7:\d\d left$"))
    today = page.locator(".bar-cost [data-cost=today]")
    expect(today).to_have_text("US$0.38" if "US$" in (today.text_content() or "") else "$0.38")
    desk.panel.answers["status"] = (503, {}, {})
    page.clock.run_for(6 * 60_000)
    expect(page.locator(".bar-countdown")).to_have_text(re.compile(r"^1:\d\d left$"))
    expect(today).to_contain_text("0.44")


def test_a_person_is_reported_once_a_minute_and_a_tab_as_a_tab(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    page.clock.install()
    page.reload()
    expect(page.locator("iframe")).to_be_visible()
    for _ in range(3):
        with page.expect_response("**/keep-alive"):
            page.mouse.click(600, 24)
        page.mouse.click(620, 24)
        page.clock.run_for(61_000)
    assert desk.panel.called("keep-alive").count({"active": True}) == 3
    with page.expect_request("**/keep-alive") as told:
        page.clock.run_for(4 * 60_000)
    assert told.value.post_data_json == {"active": False}


def test_a_pointer_that_rests_is_nobody(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    page.mouse.move(700, 20)
    for name in ("held", "rendering", "ready"):  # what is under the pointer changes
        desk.panel.send(desk.at_now(name))
        expect(page.locator(".bar-said p").first).to_contain_text(
            {"held": "Held until", "rendering": "Render 63", "ready": "Stops at"}[name]
        )
        page.mouse.move(700, 20)
    with page.expect_response("**/hold"):
        page.evaluate("document.querySelector('[data-minutes]').click()")
    assert desk.panel.called("keep-alive") == []


def test_made_up_events_are_nobody(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    with page.expect_response("**/hold"):
        page.evaluate("document.querySelector('[data-minutes]').click()")
        page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'a'}))")
    assert desk.panel.called("keep-alive") == []


def test_a_box_that_is_off_is_not_kept_alive(desk: Desk) -> None:
    page = desk.open()
    page.mouse.move(300, 300)
    with page.expect_response("**/start"):
        page.get_by_role("button", name="Start").click()
    assert desk.panel.called("keep-alive") == []


def test_reduced_motion_is_respected(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(reduced_motion="reduce")
    desk.sign_in()
    page = desk.open()
    moving = page.evaluate(
        "[...document.querySelectorAll('*')]"
        ".filter(it => parseFloat(getComputedStyle(it).transitionDuration) > 0).length"
    )
    assert moving == 0
