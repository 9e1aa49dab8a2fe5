"""ComfyUI inside the page: when it is there, that it stays, and what is said where it cannot be."""

import pytest
from playwright.sync_api import expect

from tests.panel.conftest import Desk
from tests.panel.server import Loopback, comfyui

pytestmark = pytest.mark.browser


def test_the_frame_is_unnamed_allowed_titled_and_focused(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    frame = page.locator("iframe")
    expect(frame).to_be_focused()
    assert frame.get_attribute("name") is None
    assert frame.get_attribute("title") == "ComfyUI"
    allowed = frame.get_attribute("allow") or ""
    for feature in ("clipboard-read", "clipboard-write", "fullscreen", "camera", "microphone"):
        assert f"{feature} {desk.comfyui_origin}" in allowed
    expect(page.get_by_role("link", name="Open ComfyUI in a new tab")).to_have_attribute(
        "href", f"{desk.comfyui_origin}/"
    )


def test_no_status_reloads_the_frame_until_the_box_is_off(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    seed = page.frame_locator("iframe").get_by_label("seed")
    seed.fill("4711")
    for name, word in (
        ("comfyui-lost", "Trouble"),
        ("ready", "On"),
        ("unreachable", "Trouble"),
        ("stopping", "Stopping"),
    ):
        desk.panel.send(desk.at_now(name))
        expect(page.get_by_role("heading", level=1)).to_have_text(word)
        expect(seed).to_have_value("4711")
    assert desk.loads() == 1
    assert desk.panel.pages == 1
    desk.panel.send(desk.at_now("off"))
    expect(page.locator("iframe")).to_have_count(0)


def test_what_covers_the_frame_keeps_keys_from_it(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    expect(page.locator("iframe")).to_be_focused()
    desk.panel.send(desk.at_now("comfyui-lost"))
    expect(page.locator("iframe")).not_to_be_focused()
    desk.panel.send(desk.at_now("ready"))
    expect(page.locator("iframe")).to_be_focused()


def test_an_address_the_page_may_not_frame_yet_costs_one_reload(desk: Desk) -> None:
    desk.panel.frame_source = None
    page = desk.open()
    desk.panel.frame_source = desk.comfyui_origin
    desk.panel.send(desk.at_now("ready"))
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Untitled workflow")
    assert desk.panel.pages == 2


def test_where_a_reload_does_not_help_there_is_no_second_one(desk: Desk) -> None:
    desk.panel.frame_source = None
    desk.show("ready")
    page = desk.open()
    expect(page.get_by_role("heading", name="ComfyUI cannot be shown in this page")).to_be_visible()
    assert desk.panel.pages == 2
    expect(page.locator(".frame").get_by_role("link", name="Open ComfyUI in a new tab")).to_have_attribute(
        "href", f"{desk.comfyui_origin}/"
    )


def test_a_new_address_never_throws_away_the_old_page(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    seed = page.frame_locator("iframe").get_by_label("seed")
    seed.fill("4711")
    desk.panel.send(desk.at_now("ready", comfyui_url="http://127.0.0.3:8188/"))
    expect(page.get_by_role("heading", name="The box has a new address")).to_be_visible()
    page.get_by_role("button", name="Look at the old one").click()
    expect(page.get_by_role("heading", name="The box has a new address")).to_have_count(0)
    expect(seed).to_have_value("4711")


def test_a_page_that_never_comes_is_said_too(desk: Desk) -> None:
    desk.context.route(f"{desk.comfyui_origin}/", lambda _: None)
    desk.show("ready")
    page = desk.open("/login")
    page.clock.install()
    page.goto(desk.origin, wait_until="domcontentloaded")
    expect(page.get_by_text("ComfyUI is loading…")).to_be_visible()
    page.clock.run_for(26_000)
    expect(page.get_by_role("heading", name="ComfyUI did not open in this browser")).to_be_visible()


def test_mixed_content_is_explained_instead_of_a_blank_frame(desk: Desk) -> None:
    # Chromium takes this name for the page's; the certificate is beside the point here.
    desk.show("ready", comfyui_url="http://203.0.113.7/")
    desk.panel.frame_source = "http://203.0.113.7"
    secure = "https://panel.test"
    desk.context.route(
        f"{secure}/**",
        lambda route: (
            route.fulfill(
                response=route.fetch(
                    url=route.request.url.replace(secure, desk.origin),
                    headers={**route.request.headers, "cookie": f"gpubox_session={next(iter(desk.panel.tokens))}"},
                )
            )
            if "/api/events" not in route.request.url
            else route.abort()
        ),
    )
    page = desk.context.new_page()
    page.goto(secure)
    expect(page.get_by_role("heading", name="ComfyUI has to open in a tab of its own")).to_be_visible()
    expect(page.locator("iframe")).to_have_count(0)


def test_a_press_inside_comfyui_counts_as_a_person(desk: Desk) -> None:
    desk.show("ready")
    page = desk.open()
    seed = page.frame_locator("iframe").get_by_label("seed")
    expect(seed).to_be_visible()
    assert desk.panel.called("keep-alive") == []
    with page.expect_response("**/keep-alive"):
        seed.click()
        page.evaluate("touch()")
    assert desk.panel.called("keep-alive") == [{"active": True}]


def test_a_box_without_an_address_says_so(desk: Desk) -> None:
    desk.show("no-address")
    page = desk.open()
    expect(page.get_by_role("heading", name="The box is on, but has no address yet")).to_be_visible()
    desk.panel.send(desk.at_now("ready"))
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Untitled workflow")


def test_a_frame_that_may_be_blank_or_an_error_is_asked_about_until_told_not_to(desk: Desk) -> None:
    gone = Loopback(comfyui(), host="127.0.0.2")
    gone.start()
    gone.stop()
    desk.panel.frame_source = gone.origin
    desk.show("ready", comfyui_url=f"{gone.origin}/")
    page = desk.open()
    page.clock.install()
    page.reload()
    hint = page.locator(".frame-hint")
    expect(page.locator("box-frame")).to_have_attribute("data-says", "")
    page.clock.run_for(21_000)
    expect(hint).to_be_visible()
    expect(hint).to_contain_text("Blank, or an error?")
    back = Loopback(comfyui(), host="127.0.0.2", port=gone.port)
    back.start()
    hint.get_by_role("button", name="Try again").click()
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Untitled workflow")
    expect(hint).to_be_hidden()
    page.clock.run_for(21_000)
    hint.get_by_role("button", name="Close").click()
    page.reload()
    expect(page.locator("box-frame")).to_have_attribute("data-says", "")
    page.clock.run_for(21_000)
    expect(hint).to_be_hidden()
    back.stop()
