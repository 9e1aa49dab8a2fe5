"""A box behind a gate: each opening of ComfyUI asks for a ticket, and what is said where the box does not take it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.panel.conftest import Desk
from tests.panel.server import Loopback

pytestmark = pytest.mark.browser

ENTRANCE = {"way": "domain", "gated": True, "relay": False}
_ENTER = """<!DOCTYPE html><title>Coming in</title><p>Coming in</p><script>
  const ticket = location.hash.replace('#ticket=', '');
  history.replaceState(null, '', location.pathname);
  fetch('/enter?' + ticket).then(async (answer) => {
    if (answer.status === 204) location.replace('/');
    else parent.postMessage({gpubox: 'refused', code: await answer.text()}, '*');
  });
</script>"""
_PROBE = "<!DOCTYPE html><script>parent.postMessage({gpubox: 'storage', allowed: ALLOWED}, '*')</script>"


class GatedBox:
    """What a box's nginx serves; `takes` are the tickets that it lets in, `seen` the ones that came."""

    def __init__(self) -> None:
        self.takes: set[str] = set()
        self.seen: list[str] = []
        self.code = "expired"
        self.storage = True
        self.app = Starlette(
            routes=[
                Route("/_gpubox/enter", lambda _: HTMLResponse(_ENTER)),
                Route("/_gpubox/probe.html", self._probe),
                Route("/enter", self._take),
                Route("/", lambda _: HTMLResponse("<!DOCTYPE html><title>ComfyUI</title><h1>Untitled workflow</h1>")),
            ]
        )

    async def _probe(self, _: Request) -> Response:
        return HTMLResponse(_PROBE.replace("ALLOWED", "true" if self.storage else "false"))

    async def _take(self, request: Request) -> Response:
        ticket = request.url.query
        self.seen.append(ticket)
        return Response(status_code=204) if ticket in self.takes else Response(self.code, status_code=401)


@pytest.fixture
def gated() -> Iterator[tuple[GatedBox, str]]:
    box = GatedBox()
    # Another site than the panel's.
    web = Loopback(box.app, host="127.0.0.3")
    web.start()
    yield box, web.origin
    web.stop()


@pytest.fixture
def opened(desk: Desk, gated: tuple[GatedBox, str]) -> Callable[..., Page]:
    """The panel with this box ready; `url` is what POST frame answers."""
    _, origin = gated

    def open_panel(ticket: str = "first", **entrance: Any) -> Page:
        desk.panel.frame_source = origin
        desk.panel.answers["frame"] = (200, {"url": f"{origin}/_gpubox/enter#ticket={ticket}", "way": "domain"}, {})
        desk.show("ready", comfyui_url=origin, entrance=ENTRANCE | entrance)
        return desk.open()

    return open_panel


def test_the_frame_comes_in_by_a_ticket_of_its_own(
    desk: Desk, gated: tuple[GatedBox, str], opened: Callable[..., Page]
) -> None:
    box, _ = gated
    box.takes = {"first"}
    page = opened()
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Untitled workflow")
    assert (box.seen, desk.panel.called("frame")) == (["first"], [{}])
    assert "ticket" not in page.content().replace("gave it a ticket", "").split("<iframe")[0]


def test_a_ticket_that_came_too_late_is_replaced_once(
    desk: Desk, gated: tuple[GatedBox, str], opened: Callable[..., Page]
) -> None:
    box, origin = gated
    box.takes = {"second"}
    desk.context.route(
        "**/api/boxes/comfyui/frame",
        lambda route: route.fulfill(
            json={"url": f"{origin}/_gpubox/enter#ticket={'second' if box.seen else 'first'}", "way": "domain"}
        ),
    )
    page = opened()
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Untitled workflow")
    assert box.seen == ["first", "second"]


@pytest.mark.parametrize(
    ("code", "tries", "heading"),
    [
        ("expired", 2, "The box did not let this browser in"),
        ("closed", 1, "The box did not let this browser in"),
        ("cookie", 1, "ComfyUI has to open in a tab of its own"),
    ],
)
def test_a_box_that_goes_on_refusing_is_not_asked_for_ever(
    gated: tuple[GatedBox, str], opened: Callable[..., Page], code: str, tries: int, heading: str
) -> None:
    box, _ = gated
    box.code = code
    page = opened()
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    assert len(box.seen) == tries
    box.takes = {"first"}
    page.locator("box-frame").get_by_role("button", name="Try again").locator("visible=true").click()
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Untitled workflow")


def test_a_panel_that_has_no_address_says_so(
    desk: Desk, gated: tuple[GatedBox, str], opened: Callable[..., Page]
) -> None:
    box, origin = gated
    page = opened()
    desk.panel.answers["frame"] = (409, {"title": "ComfyUI cannot be opened yet.", "code": "nothing_to_frame"}, {})
    page.reload()
    expect(page.get_by_role("heading", name="The box did not let this browser in")).to_be_visible()
    expect(page.locator("iframe")).to_have_count(0)
    assert origin not in " ".join(box.seen)


def test_a_new_tab_gets_a_ticket_of_its_own(
    desk: Desk, gated: tuple[GatedBox, str], opened: Callable[..., Page]
) -> None:
    box, origin = gated
    box.takes = {"first"}
    page = opened()
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Untitled workflow")
    link = page.get_by_role("link", name="Open ComfyUI in a new tab")
    expect(link).to_have_attribute("href", origin)
    with desk.context.expect_page() as tab:
        link.click()
    expect(tab.value.get_by_role("heading")).to_have_text("Untitled workflow")
    assert tab.value.evaluate("window.opener") is None
    assert desk.panel.called("frame") == [{}, {}]
    tab.value.close()


def test_where_storage_is_blocked_the_relay_is_offered(
    desk: Desk, gated: tuple[GatedBox, str], opened: Callable[..., Page]
) -> None:
    box, _ = gated
    box.storage = False
    box.takes = {"by-relay"}
    page = opened("by-relay", relay=True)
    expect(page.get_by_role("heading", name="ComfyUI has to open in a tab of its own")).to_be_visible()
    assert box.seen == []
    page.get_by_role("button", name="Pass it on through the panel").click()
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Untitled workflow")
    assert desk.panel.called("frame") == [{"way": "relay"}]


def test_without_a_relay_none_is_offered(gated: tuple[GatedBox, str], opened: Callable[..., Page]) -> None:
    box, _ = gated
    box.storage = False
    page = opened()
    expect(page.get_by_role("heading", name="ComfyUI has to open in a tab of its own")).to_be_visible()
    expect(page.get_by_role("button", name="Pass it on through the panel")).to_be_hidden()
