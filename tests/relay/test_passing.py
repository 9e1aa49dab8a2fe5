"""HTTP through the relay: what is passed on as it came, what is not, and which box it goes to."""

import asyncio
import gzip
import socket

import pytest
from aiohttp import web

from manager.relay.asked import Asked, panel_origins, read_request
from manager.web.proxies import Proxies

from .house import BEARER, PANEL_URL, Certificate, House, certificate, house, raw, request


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/api/userdata/workflows%2FA%20name.json",
        "//double//slashes",
        "/a/./b/../c",
        "/%7euser/%2e%2e/x?y=%2F&z=a+b&&=",
        "/q?a=%zz&b=?/#frag%23".partition("#")[0],
        "/view?filename=%E2%9C%93.png&subfolder=&type=output",
        '/odd|"<>{}^`chars?x="y"',
    ],
)
async def test_the_path_and_the_query_arrive_as_they_were_sent(let_in: House, target: str) -> None:
    answer = await raw(let_in, request(let_in, "GET", target))
    assert answer.startswith(b"HTTP/1.1 200")
    assert let_in.seen[-1].target == target


async def test_what_is_for_one_connection_or_for_others_is_not_passed_on(let_in: House) -> None:
    lines = (
        "Connection: keep-alive, X-Only-Here",
        "Keep-Alive: timeout=5",
        "X-Only-Here: 1",
        "TE: trailers",
        "Proxy-Authorization: Basic eDp5",
        "Authorization: Bearer of-the-panel",
        "X-Auth-Token: of-the-panel",
        f"Origin: {let_in.url}",
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Mode: cors",
        "X-Forwarded-For: 203.0.113.7",
        "X-Forwarded-Proto: https",
        "Forwarded: for=203.0.113.7",
        "X-Kept: yes",
        "Accept-Encoding: br, gzip",
    )
    await raw(let_in, request(let_in, "GET", "/x", *lines))
    seen = let_in.seen[-1]
    for name in ("Keep-Alive", "X-Only-Here", "TE", "Proxy-Authorization", "X-Auth-Token", "Origin", "Cookie"):
        assert seen.header(name) == [], name
    assert seen.header("Sec-Fetch-Site") == seen.header("Forwarded") == []
    assert seen.header("Authorization") == [f"Bearer {BEARER}"]
    assert seen.header("X-Forwarded-For") == ["127.0.0.1"]
    assert seen.header("X-Forwarded-Proto") == ["http"]
    assert seen.header("X-Forwarded-Host") == [let_in.url.removeprefix("http://")]
    assert seen.header("Host") == [let_in.box_url.removeprefix("https://")]
    assert seen.header("X-Kept") == ["yes"]
    assert seen.header("Sec-Fetch-Mode") == ["cors"]
    assert seen.header("Accept-Encoding") == ["br, gzip"]


async def test_what_the_box_may_not_say_is_not_passed_back(let_in: House) -> None:
    async def speak(_: web.BaseRequest) -> web.Response:
        answer = web.Response(text="x")
        answer.headers.extend(
            [
                ("Set-Cookie", "gpubox=evil; Path=/"),
                ("Set-Cookie", "__Host-gpubox=evil; Path=/; Secure"),
                ("Clear-Site-Data", '"*"'),
                ("Strict-Transport-Security", "max-age=1"),
                ("Alt-Svc", 'h3=":443"'),
                ("X-Frame-Options", "DENY"),
                ("Service-Worker-Allowed", "/"),
                ("Content-Security-Policy", "img-src 'self'; frame-ancestors 'none', frame-ancestors *; font-src x"),
                ("X-Kept", "one"),
                ("X-Kept", "two"),
            ]
        )
        return answer

    let_in.answer = speak
    async with let_in.browser.get(let_in.url) as answer:
        headers = answer.headers
    for name in ("Set-Cookie", "Clear-Site-Data", "Strict-Transport-Security", "Alt-Svc", "X-Frame-Options"):
        assert name not in headers, name
    assert "Service-Worker-Allowed" not in headers
    assert headers.getall("X-Kept") == ["one", "two"]
    policies = headers.getall("Content-Security-Policy")
    assert policies[0] == "img-src 'self', font-src x"
    assert policies[1].startswith(f"frame-ancestors {PANEL_URL}; sandbox allow-")
    assert "top-navigation" not in policies[1]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_what_is_compressed_stays_so(let_in: House) -> None:
    packed = gzip.compress(b"a" * 1000)

    async def send(_: web.BaseRequest) -> web.Response:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})

    let_in.answer = send
    async with let_in.browser.get(let_in.url, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert await answer.read() == packed


async def test_parts_nothing_new_and_heads_are_passed_on(let_in: House) -> None:
    async def send(asked: web.BaseRequest) -> web.StreamResponse:
        if asked.headers.get("Range") == "bytes=2-3":
            return web.Response(status=206, body=b"cd", headers={"Content-Range": "bytes 2-3/6"})
        if asked.headers.get("If-None-Match") == '"v1"':
            return web.Response(status=304, headers={"ETag": '"v1"'})
        return web.Response(body=b"abcdef", headers={"ETag": '"v1"', "Accept-Ranges": "bytes"})

    let_in.answer = send
    async with let_in.browser.get(f"{let_in.url}/f", headers={"Range": "bytes=2-3"}) as part:
        assert (part.status, part.headers["Content-Range"], await part.read()) == (206, "bytes 2-3/6", b"cd")
    async with let_in.browser.get(f"{let_in.url}/f", headers={"If-None-Match": '"v1"'}) as same:
        assert (same.status, same.headers["ETag"], await same.read()) == (304, '"v1"', b"")
    async with let_in.browser.head(f"{let_in.url}/f") as head:
        assert (head.status, head.headers["Content-Length"], await head.read()) == (200, "6", b"")


async def test_redirects_to_the_box_itself_lead_to_the_relay(let_in: House) -> None:
    async def send(asked: web.BaseRequest) -> web.Response:
        where = {"/a": f"{let_in.box_url}/b?c=d", "/e": "https://example.org/", "/r": "/relative"}[asked.raw_path]
        return web.Response(status=302, headers={"Location": where})

    let_in.answer = send
    found: list[str] = []
    for path in ("/a", "/e", "/r"):
        async with let_in.browser.get(let_in.url + path, allow_redirects=False) as answer:
            found.append(answer.headers["Location"])
    assert found == ["/b?c=d", "https://example.org/", "/relative"]


async def test_only_the_one_certificate_is_taken_and_nothing_is_sent_to_another(
    box_certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = certificate(tmp_path_factory.mktemp("tls") / "other.pem")
    async with house(box_certificate, pinned=other) as built:
        await built.enter()
        async with built.browser.get(built.url, headers={"Accept": "text/html"}) as answer:
            assert answer.status == 502
            assert "another certificate" in await answer.text()
        async with built.browser.get(f"{built.url}/ws", headers={"Accept": "*/*"}) as answer:
            assert (await answer.json())["code"] == "certificate"
        assert built.seen == []


async def test_a_certificate_that_has_expired_is_still_the_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    late = certificate(tmp_path_factory.mktemp("tls") / "late.pem", days=-1)
    async with house(late) as built:
        await built.enter()
        async with built.browser.get(built.url) as answer:
            assert await answer.text() == "hello"


async def test_a_box_that_speaks_no_tls_gets_nothing(box_certificate: Certificate) -> None:
    async with house(None, pinned=box_certificate) as built:
        await built.enter()
        async with built.browser.get(built.url) as answer:
            assert answer.status == 502
        assert built.seen == []


async def test_a_box_that_is_off_is_said_with_a_time_to_come_again(let_in: House) -> None:
    let_in.target = None
    async with let_in.browser.get(let_in.url, headers={"Accept": "text/html"}) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
        assert "The box is off" in await answer.text()


async def test_a_box_that_does_not_answer_is_said_so(let_in: House) -> None:
    assert let_in.target is not None
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    let_in.target = type(let_in.target)(f"https://127.0.0.1:{port}", let_in.target.certificate, BEARER)
    async with let_in.browser.get(let_in.url) as answer:
        assert answer.status == 502
        assert (await answer.json())["code"] == "silent"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
async def test_methods_that_no_page_needs_are_refused(let_in: House, method: str) -> None:
    answer = await raw(let_in, request(let_in, method, "/" if method == "TRACE" else "example.org:443"))
    assert answer.startswith(b"HTTP/1.1 400")
    assert let_in.seen == []


async def test_many_requests_at_once_get_their_own_answers(let_in: House) -> None:
    async def echo(asked: web.BaseRequest) -> web.Response:
        return web.Response(text=asked.raw_path)

    async def get(number: int) -> str:
        async with let_in.browser.get(f"{let_in.url}/{number}") as answer:
            return await answer.text()

    let_in.answer = echo
    assert await asyncio.gather(*(get(number) for number in range(100))) == [f"/{number}" for number in range(100)]


def test_a_host_that_is_none_gets_into_no_policy() -> None:
    def origins(host: str, panel: str = "http://0.0.0.0:8187", relay: str = "http://0.0.0.0:8186") -> list[str]:
        asked: Asked = read_request("GET", "/", [(b"Host", host.encode())], "127.0.0.1", Proxies(()), relay)
        return panel_origins(asked, panel)

    assert origins("evil.example; script-src *") == ["http://0.0.0.0:8187"]
    assert origins("192.0.2.5:8186") == ["http://0.0.0.0:8187", "http://192.0.2.5:8187"]
    assert origins("[2001:db8::1]:8186") == ["http://0.0.0.0:8187", "http://[2001:db8::1]:8187"]
    assert origins("comfy.example.com", "https://panel.example.com", "https://comfy.example.com") == [
        "https://panel.example.com",
        "https://comfy.example.com",
    ]
