"""Who is let in, and who is not."""

import asyncio
from datetime import timedelta
from ipaddress import ip_network

import pytest

from manager.relay.cookie import mark_of

from .house import BOX, Certificate, House, house, raw, request


async def status(house: House, path: str = "/", **headers: str) -> int:
    async with house.browser.get(house.url + path, headers=headers) as answer:
        return answer.status


async def test_a_ticket_becomes_a_cookie_that_pages_cannot_read(stranger: House) -> None:
    answered, _, cookie = await stranger.post_ticket(stranger.ticket())
    assert answered == 204
    assert cookie.startswith(f"gpubox-relay-{mark_of(BOX)}=")
    assert cookie.partition("; ")[2].startswith("Path=/; Max-Age=3")
    assert cookie.endswith("; HttpOnly; SameSite=Strict")


async def test_behind_https_the_cookie_is_the_hosts_alone(box_certificate: Certificate) -> None:
    async with house(box_certificate, relay_url="https://comfy.example.com") as built:
        _, _, cookie = await built.post_ticket(built.ticket(), Origin="https://comfy.example.com")
        assert cookie.startswith(f"__Host-gpubox-relay-{mark_of(BOX)}=")
        assert cookie.endswith("; Secure")
        built.browser.headers["Cookie"] = cookie.partition(";")[0]
        assert await status(built) == 200
        assert built.seen[-1].header("X-Forwarded-Proto") == ["https"]


async def test_without_a_cookie_nothing_reaches_the_box(stranger: House) -> None:
    assert await status(stranger) == 401
    assert await status(stranger, "/api/queue", Cookie=f"gpubox=the-panels; gpubox-relay-{mark_of(BOX)}=x.y.z") == 401
    assert stranger.seen == []


async def test_a_ticket_is_good_once(stranger: House) -> None:
    ticket = stranger.ticket()
    assert (await stranger.post_ticket(ticket))[0] == 204
    answered, body, cookie = await stranger.post_ticket(ticket)
    assert (answered, body["code"], cookie) == (401, "used", "")


async def test_two_at_once_with_one_ticket_are_not_both_let_in(stranger: House) -> None:
    ticket = stranger.ticket()
    answers = await asyncio.gather(*(stranger.post_ticket(ticket) for _ in range(10)))
    assert sorted(answered for answered, _, _ in answers) == [204] + [401] * 9


async def test_a_ticket_is_good_for_a_minute(stranger: House) -> None:
    ticket = stranger.ticket()
    stranger.clock.shift += timedelta(seconds=61)
    answered, body, _ = await stranger.post_ticket(ticket)
    assert (answered, body["code"]) == (401, "expired")


async def test_a_ticket_from_before_the_restart_is_not_taken_because_it_may_have_been_used(stranger: House) -> None:
    stranger.clock.shift -= timedelta(seconds=3)
    ticket = stranger.ticket()
    stranger.clock.shift += timedelta(seconds=3)
    assert (await stranger.post_ticket(ticket))[1]["code"] == "expired"


async def test_what_is_no_ticket_for_a_box_of_this_panel_is_refused(stranger: House) -> None:
    now = stranger.clock.now()
    forged = stranger.ticket()[:-8] + "AAAAAAAA"
    for token in (
        "",
        "x",
        forged,
        stranger.ticket(box="another-box"),
        stranger.passes.service(BOX, "s1", now, timedelta(minutes=1)),
        stranger.passes.statement(BOX, {"sub": "s1", "ses": 1}, now),
    ):
        answered, body, cookie = await stranger.post_ticket(token)
        assert (answered, body["code"], cookie) == (401, "invalid", ""), token


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"ticket": 1}', b"\xff", b'{"ticket": "' + b"x" * 9000 + b'"}', b"[" * 5000]
)
async def test_a_body_without_a_ticket_is_refused(stranger: House, body: bytes) -> None:
    async with stranger.browser.post(
        f"{stranger.url}/_gpubox/enter", data=body, headers={"Origin": stranger.url}
    ) as answer:
        assert answer.status == 401


async def test_a_ticket_must_come_from_the_relays_own_page(stranger: House) -> None:
    for origin in ("http://evil.example", "null", "http://127.0.0.1:8187"):
        assert (await stranger.post_ticket(stranger.ticket(), Origin=origin))[0] == 403
    assert (await stranger.post_ticket(stranger.ticket(), **{"Sec-Fetch-Site": "same-site"}))[0] == 403


async def test_a_session_that_is_over_opens_nothing(stranger: House) -> None:
    stranger.sessions.end("s1")
    assert (await stranger.post_ticket(stranger.ticket()))[1]["code"] == "ended"


async def test_logging_out_closes_the_relay_at_once(let_in: House) -> None:
    assert await status(let_in) == 200
    let_in.sessions.end("s1")
    assert await status(let_in) == 401


async def test_the_cookie_ends_with_the_session(let_in: House) -> None:
    let_in.clock.shift += timedelta(hours=1)
    assert await status(let_in) == 401


async def test_a_restart_does_not_shut_an_open_frame_out(let_in: House, box_certificate: Certificate) -> None:
    async with house(box_certificate) as restarted:
        restarted.browser.headers["Cookie"] = let_in.browser.headers["Cookie"]
        assert await status(restarted) == 200


async def test_a_cookie_that_was_copied_to_another_address_opens_nothing(box_certificate: Certificate) -> None:
    async with house(box_certificate, trusted_proxies=(ip_network("127.0.0.1/32"),)) as built:
        await built.enter(**{"X-Forwarded-For": "203.0.113.7"})
        assert await status(built, **{"X-Forwarded-For": "203.0.113.7"}) == 200
        assert await status(built, **{"X-Forwarded-For": "203.0.113.8"}) == 401
        assert built.seen[-1].header("X-Forwarded-For") == ["203.0.113.7"]


async def test_in_ipv6_the_network_of_the_computer_counts(box_certificate: Certificate) -> None:
    async with house(box_certificate, trusted_proxies=(ip_network("127.0.0.1/32"),)) as built:
        await built.enter(**{"X-Forwarded-For": "2001:db8:1:2::7"})
        assert await status(built, **{"X-Forwarded-For": "2001:db8:1:2:ffff::8"}) == 200
        assert await status(built, **{"X-Forwarded-For": "2001:db8:1:3::7"}) == 401


async def test_nobody_is_believed_to_be_a_proxy_who_is_not_trusted(let_in: House) -> None:
    assert await status(let_in, **{"X-Forwarded-For": "203.0.113.8", "X-Forwarded-Proto": "https"}) == 200


async def test_made_up_cookies_beside_the_real_one_change_nothing(let_in: House) -> None:
    name = f"gpubox-relay-{mark_of(BOX)}"
    real = let_in.browser.headers["Cookie"]
    assert await status(let_in, Cookie=f"{name}=made-up; {name}=; {real}; {name}=x") == 200


async def test_a_cookie_jar_full_to_the_brim_still_gets_through(let_in: House) -> None:
    full = "; ".join(f"junk{number}={'x' * 1000}" for number in range(170))
    assert await status(let_in, Cookie=f"{full}; {let_in.browser.headers['Cookie']}") == 200


@pytest.mark.parametrize(
    ("path", "answered"),
    [
        ("/_gpubox/enter", 200),
        ("/_gpubox/enter?x=1", 200),
        ("/_gpubox/probe.html", 200),
        ("/_gpubox/health", 204),
        ("/_gpubox/manager", 404),
        ("/_gpubox/check", 404),
        ("/_gpubox/", 404),
        ("/_gpubox", 404),
        ("/_gpubox/../queue", 404),
        ("/%5fgpubox/manager", 404),
        ("/%255fgpubox/manager", 404),
        ("//_gpubox/manager", 404),
        ("/a/..//_gpubox/manager", 404),
        ("/.%2f_gpubox%2fmanager", 404),
        ("/x%5c_gpubox%5cmanager", 404),
        ("/_gpubox;x/manager", 404),
        ("/api/_gpubox/manager", 404),
    ],
)
async def test_the_relays_own_folder_never_reaches_the_box(let_in: House, path: str, answered: int) -> None:
    answer = await raw(let_in, request(let_in, "GET", path))
    assert answer.split(b" ", 2)[1] == str(answered).encode()
    assert let_in.seen == []
    if b"Content-Security-Policy" in answer:
        assert b"frame-ancestors http://127.0.0.1:8187" in answer


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_there_is_no_other_way_to_enter(stranger: House, method: str) -> None:
    async with stranger.browser.request(method, f"{stranger.url}/_gpubox/enter") as answer:
        assert answer.status == 404


OWN, PANEL, EVIL = "own", "http://127.0.0.1:8187", "http://evil.example"


@pytest.mark.parametrize(
    ("method", "path", "site", "mode", "origin", "answered"),
    [
        # ComfyUI's own page, with and without Sec-Fetch headers
        ("GET", "/api/queue", "same-origin", "cors", None, 200),
        ("POST", "/api/prompt", "same-origin", "cors", OWN, 200),
        ("POST", "/api/prompt", None, None, OWN, 200),
        ("GET", "/api/queue", None, None, None, 200),
        # typed, or a link from elsewhere, to the page itself
        ("GET", "/", "none", "navigate", None, 200),
        ("GET", "/", "same-site", "navigate", None, 200),
        ("GET", "/?x=1", "cross-site", "navigate", None, 200),
        # everything else from elsewhere
        ("GET", "/api/manager/reboot", "cross-site", "navigate", None, 403),
        ("GET", "/", "cross-site", "no-cors", None, 403),
        ("GET", "/view?filename=a.png", "same-site", "no-cors", None, 403),
        ("GET", "/api/queue", "same-site", "cors", PANEL, 403),
        ("GET", "/api/queue", None, None, EVIL, 403),
        ("POST", "/", "same-site", "navigate", PANEL, 403),
        ("POST", "/api/prompt", None, None, PANEL, 403),
        ("POST", "/api/prompt", None, None, EVIL, 403),
        ("POST", "/api/prompt", None, None, "null", 403),
        ("POST", "/api/prompt", None, None, None, 403),
        ("POST", "/api/prompt", "same-origin", "cors", EVIL, 403),
        ("POST", "/api/prompt", "none", "navigate", None, 403),
    ],
)
async def test_requests_must_come_from_comfyuis_own_page(
    let_in: House, method: str, path: str, site: str | None, mode: str | None, origin: str | None, answered: int
) -> None:
    said = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Origin": let_in.url if origin == OWN else origin}
    headers = {name: value for name, value in said.items() if value is not None}
    async with let_in.browser.request(method, let_in.url + path, headers=headers) as answer:
        assert answer.status == answered
    assert len(let_in.seen) == (1 if answered == 200 else 0)


async def test_no_service_worker_gets_in_between(let_in: House) -> None:
    assert await status(let_in, "/sw.js", **{"Service-Worker": "script"}) == 403
    assert let_in.seen == []
