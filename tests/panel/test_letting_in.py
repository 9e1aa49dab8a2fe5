"""Who may come in: what the menu says, "Allow my address", and taking that back."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from manager.domain.allowing import Fence
from tests.panel.conftest import Desk
from tests.panel.letting_in import LettingIn
from tests.panel.test_gallery import looks, violations

pytestmark = pytest.mark.browser

HOME, OFFICE = "84.20.30.40", "93.184.216.0/24"
NARROW = Fence(permanent=(OFFICE,))


@pytest.fixture
def menu(desk: Desk) -> Callable[..., tuple[Page, Locator]]:
    """The open menu of a box, for a visitor of this address."""

    def open_menu(visitor: str = HOME, fence: Fence = NARROW) -> tuple[Page, Locator]:
        desk.panel.allowing = LettingIn(visitor, fence)
        desk.show("ready")
        page = desk.open()
        page.get_by_role("button", name="Menu").click()
        return page, page.locator("box-allowed")

    return open_menu


def lines(who: Locator) -> list[str]:
    return [re.sub(r"\d\d:\d\d.*", "TIME", line) for line in who.get_by_role("listitem").all_inner_texts()]


def test_my_address_is_let_in_for_as_long_as_i_say(desk: Desk, menu: Callable[..., tuple[Page, Locator]]) -> None:
    _, who = menu()
    expect(who).to_contain_text("Only these networks reach ComfyUI")
    expect(who).to_contain_text(f"You come from {HOME}, which is not let in.")
    for choice, body, said in (
        ("an hour", {"minutes": 60}, r"until \d\d:\d\d( tomorrow)?"),
        ("a day", {"minutes": 1440}, r"until \d\d:\d\d tomorrow"),
        ("a month", {"minutes": 43200}, r"until \d\d:\d\d on \w+ \w+"),
        ("until I take it back", {"until": None}, "until you take it back"),
    ):
        who.get_by_label("For").select_option(choice)
        who.get_by_role("button", name="Allow my address").click()
        expect(who.get_by_role("status")).to_have_text(re.compile(rf"{HOME}/32 is let in {said}\."))
        expect(who.get_by_role("listitem").last).to_contain_text(re.compile(said))
        assert desk.panel.called("allowed")[-1] == body
    expect(who.get_by_role("listitem")).to_have_count(2)
    expect(who).to_contain_text(f"You come from {HOME}, which is let in.")
    assert desk.panel.allowing.hurried == 4


def test_in_ipv6_the_network_of_the_household_is_let_in(menu: Callable[..., tuple[Page, Locator]]) -> None:
    _, who = menu("2a01:4f8:10:20::7")
    who.get_by_role("button", name="Allow my address").click()
    expect(who.get_by_role("listitem").last).to_contain_text("2a01:4f8:10:20::/64")


def test_it_is_taken_back_by_keyboard_and_the_focus_stays_near(menu: Callable[..., tuple[Page, Locator]]) -> None:
    page, who = menu()
    who.get_by_role("button", name="Allow my address").focus()
    page.keyboard.press("Enter")
    expect(who.get_by_role("listitem")).to_have_count(2)
    expect(who.get_by_role("button", name="Allow my address")).to_be_focused()
    who.get_by_text("Another address").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("198.51.100.7")
    page.keyboard.press("Enter")
    expect(who.get_by_role("listitem")).to_have_count(3)
    expect(who.get_by_label("Address or range")).to_have_value("")
    who.get_by_role("button", name=f"Take back {HOME}/32").focus()
    page.keyboard.press("Enter")
    expect(who.get_by_role("button", name="Take back 198.51.100.7/32")).to_be_focused()
    expect(who.get_by_role("status")).to_have_text(f"{HOME}/32 is no longer let in.")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Who may come in")).to_be_focused()
    assert lines(who) == [f"{OFFICE}\nfrom ALLOWED_IP"]
    expect(who).to_contain_text(f"You come from {HOME}, which is not let in.")


def test_what_is_refused_is_said_where_it_was_asked(menu: Callable[..., tuple[Page, Locator]]) -> None:
    page, who = menu()
    who.get_by_text("Another address").click()
    who.get_by_label("Address or range").fill("my home")
    page.keyboard.press("Enter")
    expect(who.get_by_role("alert")).to_contain_text("not an IP address or a CIDR range")
    expect(who.get_by_label("Address or range")).to_have_value("my home")
    who.get_by_label("Address or range").fill("198.51.100.0/24")
    page.keyboard.press("Enter")
    expect(who.get_by_role("alert")).to_have_text("")
    expect(who.get_by_role("listitem").last).to_contain_text("198.51.100.0/24")


def test_an_address_that_no_box_can_see_is_not_offered_but_another_one_is(
    menu: Callable[..., tuple[Page, Locator]],
) -> None:
    _, who = menu("192.168.1.5")
    expect(who).to_contain_text("The panel sees you at 192.168.1.5, which no box can.")
    expect(who.get_by_role("button", name="Allow my address")).to_be_hidden()
    expect(who.get_by_label("Address or range")).to_be_visible()


@pytest.mark.parametrize(
    ("fence", "said"),
    [
        (Fence(), "ALLOWED_IP is empty: whoever has logged in here comes in from anywhere"),
        (Fence(relayed=True), "Your browser comes through this panel, and the box admits nobody else"),
    ],
)
def test_where_the_list_changes_nothing_one_sentence_says_so(
    menu: Callable[..., tuple[Page, Locator]], fence: Fence, said: str
) -> None:
    _, who = menu(fence=fence)
    expect(who).to_contain_text(said)
    expect(who.locator("[data-notes] p")).to_have_count(1)
    expect(who.get_by_role("button")).to_have_count(0)


def test_it_is_accessible_and_fits(menu: Callable[..., tuple[Page, Locator]]) -> None:
    page, who = menu("2a01:4f8:1234:5678::7")
    who.get_by_role("button", name="Allow my address").click()
    expect(who.get_by_role("listitem")).to_have_count(2)
    who.get_by_text("Another address").click()
    who.get_by_label("Address or range").fill("x")
    page.keyboard.press("Enter")
    expect(who.get_by_role("alert")).not_to_have_text("")
    for look in looks(page):
        assert violations(page) == [], look
        assert page.locator(".sheet-body").evaluate("it => it.scrollWidth <= it.clientWidth"), look


def test_another_tab_that_changes_the_list_shows_here_too(
    desk: Desk, menu: Callable[..., tuple[Page, Locator]]
) -> None:
    page, who = menu()
    other = desk.open()
    other.get_by_role("button", name="Menu").click()
    other.get_by_role("button", name="Allow my address").click()
    expect(other.locator("box-allowed").get_by_role("listitem")).to_have_count(2)
    journal = [{"at": desk.panel.status["now"], "code": "allowed", "text": "Somebody was let in.", "values": {}}]
    desk.panel.send(desk.at_now("ready", journal=journal))
    expect(who.get_by_role("listitem")).to_have_count(2)
    other.close()
    page.close()


def test_a_box_that_does_not_let_this_browser_in_leads_there(desk: Desk) -> None:
    desk.panel.allowing = LettingIn(HOME, NARROW)
    desk.panel.answers["frame"] = (409, {"title": "No.", "code": "nothing_to_frame"}, {})
    desk.show("ready", entrance={"way": "domain", "gated": True, "relay": False})
    page = desk.open()
    page.locator("box-frame").get_by_role("button", name="Who may come in").locator("visible=true").click()
    expect(page.get_by_role("heading", name="Who may come in")).to_be_focused()
    expect(page.locator("box-allowed")).to_contain_text(HOME)
