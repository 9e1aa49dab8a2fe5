"""A hostile page at the relay's origin, in the panel's own frame, in a real browser: what it tries and gets."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Error, Frame, Page

from manager.relay.cookie import mark_of
from tests.support.whole import PASSWORD, PLACE

from .relayed import BLOCKED, LOOPBACK, NAMED, Hostile, Scene, enter, intent, scene

pytestmark = pytest.mark.browser

EVERYWHERE = [LOOPBACK, BLOCKED, NAMED]

CALLS = """async ({panel, path, method, mode}) => {
    const body = method === "POST" ? "{}" : undefined;
    try {
        const answer = await fetch(panel + path, {method, mode, credentials: "include", body});
        return answer.type === "opaque" ? "opaque" : `read ${answer.status}`;
    } catch { return "refused"; }
}"""
LISTENS = """panel => new Promise(done => {
    const stream = new EventSource(panel + "/api/events", {withCredentials: true});
    stream.onmessage = stream.onopen = () => done("open");
    stream.addEventListener("status", () => done("open"));
    stream.onerror = () => { stream.close(); done("refused"); };
})"""
TALKS = """address => new Promise(done => {
    const socket = new WebSocket(address);
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
})"""
EMBEDS = """({tag, address}) => new Promise(done => {
    const element = document.createElement(tag);
    element.onload = () => done("loaded");
    element.onerror = () => done("refused");
    element.src = address;
    document.body.append(element);
})"""


@pytest.fixture
def hostile() -> Hostile:
    return Hostile()


@pytest.fixture(params=EVERYWHERE)
async def at(request: pytest.FixtureRequest, tmp_path: Path, hostile: Hostile) -> AsyncIterator[Scene]:
    async with scene(tmp_path, request.param, hostile) as built:
        yield built


async def thrown(where: Page | Frame, script: str) -> str:
    """The name of what a script throws; empty where it throws nothing."""
    return await where.evaluate(f"() => {{ try {{ {script}; return '' }} catch (error) {{ return error.name }} }}")


async def test_neither_page_reads_the_other(at: Scene, hostile: Hostile) -> None:
    await at.page.evaluate("localStorage.setItem('of the panel', 'secret')")
    await at.frame.evaluate("localStorage.setItem('of the frame', 'secret')")
    # The other key is the relay's own: whose drafts these are.
    assert set(await at.frame.evaluate("Object.keys(localStorage)")) == {"of the frame", "gpubox.box"}
    assert "of the frame" not in await at.page.evaluate("Object.keys(localStorage)")
    for script in ("parent.document.body", "parent.localStorage.length", "top.fetch", "parent.frames.length.x.y"):
        assert await thrown(at.frame, script) in {"SecurityError", "TypeError"}, script
    assert await thrown(at.frame, "document.domain = location.hostname; parent.document.body") == "SecurityError"
    for script in ("frames[0].document.body", "frames[0].localStorage.length"):
        assert await thrown(at.page, script) == "SecurityError", script
    assert "gpubox" not in await at.frame.evaluate("document.cookie")
    # And the box has never seen a cookie, whatever the browser sent along.
    await at.frame.evaluate("document.cookie = 'own=1'")
    await at.frame.evaluate("fetch('/anything')")
    assert hostile.heard
    assert all("Cookie" not in request.headers for request in hostile.heard)


async def test_the_panels_interface_is_closed_to_it_although_the_browser_sends_the_cookie(at: Scene) -> None:
    for path, method in (
        ("/api/instance/status", "GET"),
        ("/api/boxes", "GET"),
        ("/api/auth/check", "GET"),
        ("/api/instance/start", "POST"),
        ("/api/instance/hold", "POST"),
        ("/api/auth/logout", "POST"),
    ):
        for mode in ("cors", "no-cors"):
            got = await at.frame.evaluate(CALLS, {"panel": at.panel, "path": path, "method": method, "mode": mode})
            assert not got.startswith("read"), (path, mode)
    assert await at.frame.evaluate(LISTENS, at.panel) == "refused"
    assert await at.frame.evaluate(TALKS, at.panel.replace("http", "ws") + "/api/events") == "refused"
    for tag, path in (("script", "/api/instance/status"), ("img", "/api/instance/logs"), ("script", "/")):
        assert await at.frame.evaluate(EMBEDS, {"tag": tag, "address": at.panel + path}) == "refused"
    answers = at.answers_of_api()
    # 403 and not 401: the browser did send the cookie, and it was valid.
    for path in ("/api/instance/start", "/api/instance/hold", "/api/auth/logout"):
        assert answers[path] == {403}, path
    # On plain HTTP a read without an Origin is answered, and the browser gives the answer to nobody.
    assert answers["/api/instance/status"] <= {200, 403}
    assert intent(at.program) == "off"
    assert await at.session_lives()


async def test_its_forms_change_nothing_in_the_panel(at: Scene) -> None:
    for path in ("/api/instance/start", "/api/auth/logout"):
        async with at.browser.expect_page() as opened:
            await at.frame.evaluate(
                """address => {
                    const form = document.createElement("form");
                    Object.assign(form, {method: "post", action: address, target: "_blank", enctype: "text/plain"});
                    document.body.append(form);
                    form.submit();
                }""",
                at.panel + path,
            )
        popup = await opened.value
        await popup.wait_for_load_state()
        assert '"cross_site_refused"' in await popup.content()
        await popup.close()
    assert intent(at.program) == "off"
    assert await at.session_lives()


async def test_cookies_that_it_makes_up_do_not_shut_the_person_out(at: Scene) -> None:
    await at.frame.evaluate(
        """relays => {
            for (const path of ["/", "/api", "/api/auth", "/api/auth/check", "/api/instance"]) {
                document.cookie = `gpubox=made-up; path=${path}`;
                document.cookie = `__Host-gpubox=made-up; path=${path}`;
                document.cookie = `${relays}=made-up; path=${path}`;
            }
        }""",
        f"gpubox-relay-{mark_of(PLACE.instance)}",
    )
    assert await at.session_lives()
    await at.page.reload()
    assert await at.page.evaluate("location.pathname") == "/"
    assert await at.frame_answers()


async def test_a_flooded_cookie_jar_costs_a_login_at_most(at: Scene) -> None:
    await at.frame.evaluate(
        """() => {
            for (let number = 0; number < 400; number += 1) document.cookie = `junk${number}=${"x".repeat(900)}`;
            document.cookie = "gpubox=made-up; path=/";
            // Reading waits until all of them are written.
            return document.cookie.length;
        }"""
    )
    if not await at.session_lives():
        await at.page.goto(f"{at.panel}/login")
        await at.page.get_by_label("Password").fill(PASSWORD)
        await at.page.keyboard.press("Enter")
        await at.page.wait_for_url(f"{at.panel}/")
    assert await at.session_lives()
    other = await at.browser.new_page()
    await other.goto(f"{at.origin}/_gpubox/probe.html")
    # The login wrote over what the page had made up: what proves the session is hidden from scripts again.
    readable = await other.evaluate("document.cookie")
    assert all(len(pair) < 1000 and "eyJ" not in pair for pair in readable.split("; "))


async def test_it_cannot_frame_the_panel(at: Scene) -> None:
    for path in ("/", "/login", "/docs", "/api/instance/status"):
        handle = await at.frame.evaluate_handle(
            """address => new Promise(done => {
                const frame = document.createElement("iframe");
                frame.onload = () => done(frame);
                frame.src = address;
                document.body.append(frame);
            })""",
            at.panel + path,
        )
        element = handle.as_element()
        assert element is not None
        framed = await element.content_frame()
        assert framed is not None
        assert framed.url.startswith("chrome-error:"), path


async def test_it_cannot_lead_the_window_elsewhere_even_after_a_click(at: Scene) -> None:
    await at.frame.click("h1")
    for script in (
        "top.location.href = 'http://evil.test/'",
        "top.location.replace('http://evil.test/')",
        "top.location = 'javascript:alert(1)'",
    ):
        await thrown(at.frame, script)
    await at.frame.evaluate(
        """() => {
            const link = document.createElement("a");
            Object.assign(link, {href: "http://evil.test/", target: "_top", textContent: "x"});
            document.body.append(link);
            link.click();
        }"""
    )
    assert await at.page.evaluate("location.href") == f"{at.panel}/"
    assert await at.session_lives()


async def test_a_window_that_it_opens_is_not_the_panels(at: Scene) -> None:
    async with at.browser.expect_page() as opened:
        await at.frame.evaluate("address => { window.opened = window.open(address) }", f"{at.panel}/")
    popup = await opened.value
    await popup.wait_for_load_state()
    assert await thrown(at.frame, "window.opened.document.body") in {"SecurityError", "TypeError"}
    assert await popup.evaluate("opener === null") or await thrown(popup, "opener.document.body") == "SecurityError"


async def test_it_leaves_no_service_worker_behind(at: Scene, hostile: Hostile) -> None:
    with pytest.raises(Error):
        await at.frame.evaluate("navigator.serviceWorker.register('/sw.js')")
    assert not any(request.raw_path == "/sw.js" for request in hostile.heard)


async def test_a_stranger_page_gets_nothing_from_the_relay(at: Scene, hostile: Hostile) -> None:
    page = await at.browser.new_page()
    await page.goto(f"{at.panel.replace('127.0.0.1', 'evil.test').replace(NAMED, 'evil.test')}/login")
    hostile.heard.clear()
    await page.evaluate("document.body.innerHTML = ''")
    for mode in ("cors", "no-cors"):
        call = {"panel": at.origin, "path": "/api/queue", "method": "POST", "mode": mode}
        assert not (await page.evaluate(CALLS, call)).startswith("read")
    assert hostile.heard == []


async def test_drafts_of_another_box_that_was_here_before_do_not_show(at: Scene) -> None:
    keep = """() => new Promise(done => {
        localStorage.setItem("draft", "of before");
        const opening = indexedDB.open("drafts");
        opening.onsuccess = () => { opening.result.close(); done(); };
    })"""
    left = "async () => [localStorage.getItem('draft'), (await indexedDB.databases()).length]"
    await at.frame.evaluate(keep)
    for before, kept in (("null", ["of before", 1]), ("'another'", [None, 0])):
        await at.frame.evaluate(f"localStorage.setItem('gpubox.box', {before} ?? localStorage.getItem('gpubox.box'))")
        page = await at.browser.new_page()
        await page.goto(at.panel)
        frame = await enter(at.program, page, at.origin)
        assert await frame.evaluate(left) == kept
        await page.close()


async def test_logging_out_of_the_panel_ends_the_frame_at_once_its_sockets_too(at: Scene) -> None:
    await at.frame.evaluate(
        """() => new Promise(done => {
            window.ended = new Promise(over => {
                const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws");
                socket.onopen = () => socket.send("hello");
                socket.onmessage = ({data}) => done(data);
                socket.onclose = ({code}) => over(code);
            });
        })"""
    )
    status = "fetch('/api/queue').then(answer => answer.status)"
    assert await at.frame.evaluate(status) == 200
    await at.page.evaluate("fetch('/api/auth/logout', {method: 'POST'})")
    assert await at.frame.evaluate("window.ended") == 1008
    assert await at.frame.evaluate(status) == 401


async def test_a_frame_whose_session_ended_tells_the_panel_so(at: Scene) -> None:
    await at.page.evaluate("addEventListener('message', ({data, origin}) => { window.heard = [data, origin] })")
    await at.page.evaluate("fetch('/api/auth/logout', {method: 'POST'})")
    await at.frame.evaluate("location.reload()")
    await at.page.wait_for_function("() => window.heard")
    assert await at.page.evaluate("window.heard") == [{"gpubox": "refused", "code": "ended"}, at.origin]
