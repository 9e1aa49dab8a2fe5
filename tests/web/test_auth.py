"""Coming in, going out, and everybody who must stay outside."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from http.cookies import SimpleCookie

import jwt
import pytest
from support import PASSWORD, SECRET, House, build

from manager.application.limiter import Guesses
from tests.support.clock import NOON

STATUS = "/api/instance/status"


async def test_login_answers_a_token_and_a_cookie(house: House) -> None:
    async with house.client() as client:
        answer = await client.post("/api/auth/login", json={"password": PASSWORD})
        assert answer.status_code == 200
        assert answer.json()["expires_at"] == "2026-11-22T12:00:00Z"
        cookie = SimpleCookie(answer.headers["set-cookie"])["gpubox"]
        assert cookie.value == answer.json()["token"]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
        assert cookie["max-age"] == "86400"
        assert not cookie["secure"]
        assert not cookie["domain"]
        assert answer.headers["cache-control"] == "no-store"


async def test_on_https_the_cookie_is_bound_to_the_host() -> None:
    house = build(public_url="https://panel.test")
    async with house.client(base="https://panel.test") as client:
        answer = await client.post("/api/auth/login", json={"password": PASSWORD})
        cookie = SimpleCookie(answer.headers["set-cookie"])["__Host-gpubox"]
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        # The name without the prefix, which another subdomain could set, proves nothing here.
        client.cookies.clear()
        refused = await client.get("/api/auth/check", headers={"cookie": f"gpubox={cookie.value}"})
        assert refused.status_code == 401


@pytest.mark.parametrize("way", ["x-auth-token", "authorization", "cookie"])
async def test_a_session_is_proved_in_three_ways(house: House, way: str) -> None:
    token = house.token()
    header = {"x-auth-token": token, "authorization": f"bearer {token}", "cookie": f"a=b; gpubox={token}"}[way]
    async with house.client() as client:
        answer = await client.get("/api/auth/check", headers={way: header})
    assert answer.status_code == 200
    assert answer.json() == {"authenticated": True, "expires_at": "2026-11-22T12:00:00Z"}


async def test_a_bad_header_is_not_healed_by_a_good_cookie(house: House) -> None:
    async with house.client(cookie=f"gpubox={house.token()}") as client:
        assert (await client.get(STATUS, headers={"x-auth-token": "forged"})).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/api/auth/check", STATUS, "/api/boxes", "/api/boxes/first/status", "/api/events", "/api/nothing", "/nothing"],
)
async def test_everything_is_closed_unless_it_is_listed(house: House, path: str) -> None:
    async with house.client() as client:
        answer = await client.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (answer.json()["code"], answer.json()["why"]) == ("not_authenticated", "missing")


@pytest.mark.parametrize("path", ["/start", "/stop", "/keep-alive", "/hold"])
async def test_nothing_happens_without_a_session(house: House, path: str) -> None:
    async with house.client() as client:
        assert (await client.post(f"/api/instance{path}", json=None)).status_code == 401
    assert house.boxes.number == 0


async def test_forged_and_expired_tokens(house: House) -> None:
    at = int(NOON.timestamp())
    claims = {"jti": "x", "iat": at, "exp": at + 3600}
    tokens = {
        "another secret": jwt.encode(claims, SECRET[::-1], "HS256"),
        "another algorithm": jwt.encode(claims, SECRET * 2, "HS512"),
        "no algorithm": jwt.encode(claims, None, "none"),
        "rubbish": "é".encode().decode("latin-1"),
        "empty": " ",
    }
    async with house.client() as client:
        for name, token in tokens.items():
            answer = await client.get(STATUS, headers={"authorization": f"Bearer {token}".encode("latin-1")})
            assert (name, answer.status_code) == (name, 401)
        expired = house.token()
        house.clock.advance(hours=24)
        answer = await client.get(STATUS, headers={"x-auth-token": expired})
        assert (answer.status_code, answer.json()["why"]) == (401, "expired")


async def test_logout_kills_the_token_everywhere_and_across_restarts(house: House) -> None:
    token = house.token()
    async with house.client(x_auth_token=token) as client, house.client(cookie=f"gpubox={token}") as other:
        assert (await other.get(STATUS)).status_code == 200
        answer = await client.post("/api/auth/logout")
        assert (answer.status_code, answer.content) == (204, b"")
        assert "Max-Age=0" in answer.headers["set-cookie"]
        for each in (client, other):
            assert (await each.get(STATUS)).json()["why"] == "revoked"
    again = build(store=house.store)
    await again.login.open()
    async with again.client(x_auth_token=token) as client:
        assert (await client.get(STATUS)).json()["why"] == "revoked"


@pytest.mark.parametrize("call", ["frame", "hold", "keep-alive"])
async def test_a_body_that_comes_after_the_logout_changes_nothing(house: House, call: str) -> None:
    asked, logged_out = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"nu"
        asked.set()
        await logged_out.wait()
        yield b"ll"

    async with house.signed_in() as client:
        held = asyncio.create_task(
            client.post(f"/api/instance/{call}", content=body(), headers={"content-type": "application/json"})
        )
        await asyncio.wait_for(asked.wait(), 5)
        assert (await client.post("/api/auth/logout")).status_code == 204
        logged_out.set()
        answer = await held
    assert (answer.status_code, answer.json()["why"]) == (401, "revoked")
    assert (house.boxes.number, house.boxes.pages) == (0, [])


async def test_a_logout_that_cannot_be_kept_is_said(house: House) -> None:
    house.store.broken = True
    async with house.signed_in() as client:
        answer = await client.post("/api/auth/logout")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")


async def test_wrong_passwords_are_answered_ever_later(house: House) -> None:
    async with house.client() as client:
        for _ in range(5):
            answer = await client.post("/api/auth/login", json={"password": "wrong"})
            assert (answer.status_code, answer.json()["code"]) == (401, "login_refused")
        answer = await client.post("/api/auth/login", json={"password": PASSWORD})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
        assert "2 seconds" in answer.json()["detail"]
        assert answer.json()["retry_after"] == 2
        house.clock.advance(seconds=2)
        assert (await client.post("/api/auth/login", json={"password": PASSWORD})).status_code == 200


async def guess_as(house: House, peer: str, forwarded_for: list[str], tries: int = 6) -> int:
    """The last answer to some wrong passwords."""
    async with house.client(address=peer) as client:
        for _ in range(tries):
            headers = [("x-forwarded-for", each) for each in forwarded_for]
            answer = await client.post("/api/auth/login", json={"password": "wrong"}, headers=headers)
    return answer.status_code


async def test_an_address_cannot_be_made_up() -> None:
    house = build()
    async with house.client(address="203.0.113.5") as client:
        answers = [
            await client.post("/api/auth/login", json={"password": "x"}, headers={"x-forwarded-for": f"192.0.2.{n}"})
            for n in range(6)
        ]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


async def test_behind_a_trusted_proxy_the_visitor_counts() -> None:
    house = build(trusted_proxies=["10.0.0.0/8"])
    assert await guess_as(house, "10.0.0.1", ["203.0.113.5"]) == 429
    assert await guess_as(house, "10.0.0.1", ["203.0.113.6"], 1) == 401
    # What the visitor wrote stands left of what the proxy saw.
    assert await guess_as(house, "10.0.0.1", ["192.0.2.1, 203.0.113.5"], 1) == 429
    assert await guess_as(house, "10.0.0.1", ["192.0.2.1", "203.0.113.5, 10.0.0.2"], 1) == 429
    # Ports and brackets, and what is no address at all.
    assert await guess_as(house, "10.0.0.1", ["203.0.113.5:4711"], 1) == 429
    assert await guess_as(house, "10.0.0.1", ['"[2001:db8::1]:4711"']) == 429
    assert await guess_as(house, "10.0.0.1", ["2001:db8::2"], 1) == 429
    assert await guess_as(house, "10.0.0.1", ["unknown"]) == 429


async def test_the_scheme_is_believed_of_a_trusted_proxy_only() -> None:
    for peer, name in (("10.0.0.1", "__Host-gpubox"), ("203.0.113.5", "gpubox")):
        house = build(trusted_proxies=["10.0.0.0/8"])
        async with house.client(address=peer, x_forwarded_proto="https") as client:
            answer = await client.post("/api/auth/login", json={"password": PASSWORD})
        assert list(SimpleCookie(answer.headers["set-cookie"])) == [name]


async def test_all_addresses_together_are_limited() -> None:
    house = build(guesses=Guesses(all_free=10, all_window=timedelta(minutes=1)))
    codes = [await guess_as(house, f"203.0.113.{n}", [], 1) for n in range(12)]
    assert codes == [401] * 10 + [429] * 2


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("application/json; charset=utf-8", 200),
    ],
)
async def test_a_form_of_another_site_cannot_log_in(house: House, content_type: str, status: int) -> None:
    async with house.client(content_type=content_type) as client:
        answer = await client.post("/api/auth/login", content=f'{{"password": "{PASSWORD}"}}'.encode())
    assert answer.status_code == status


async def test_a_script_of_another_site_cannot_log_in(house: House) -> None:
    async with house.client() as client:
        for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200)):
            answer = await client.post("/api/auth/login", json={"password": PASSWORD}, headers={"sec-fetch-site": site})
            assert answer.status_code == status


OWN, BOX = "http://panel.test", "http://comfy.panel.test"
MATRIX = [
    # Sec-Fetch-Site, Origin, reading, changing
    ("same-origin", None, 200, 202),
    ("same-origin", OWN, 200, 202),
    ("none", None, 200, 403),
    ("same-site", BOX, 403, 403),
    ("same-site", None, 403, 403),
    ("cross-site", "http://evil.test", 403, 403),
    ("cross-site", None, 403, 403),
    ("cross-site", OWN, 403, 403),
    ("rubbish", OWN, 403, 403),
    (None, OWN, 200, 202),
    (None, BOX, 403, 403),
    (None, "null", 403, 403),
    (None, "https://panel.test", 403, 403),
    (None, "http://panel.test:81", 403, 403),
    (None, None, 200, 403),
]


@pytest.mark.parametrize(("site", "origin", "reading", "changing"), MATRIX)
async def test_a_cookie_is_believed_from_the_panels_own_pages_only(
    house: House,
    site: str | None,
    origin: str | None,
    reading: int,
    changing: int,
) -> None:
    headers = {"sec-fetch-site": site, "origin": origin, "cookie": f"gpubox={house.token()}"}
    sent = {name: value for name, value in headers.items() if value is not None}
    async with house.client() as client:
        assert (await client.get(STATUS, headers=sent)).status_code == reading
        assert (await client.post("/api/instance/start", headers=sent)).status_code == changing
        assert house.boxes.number == (changing == 202)


@pytest.mark.parametrize(("site", "origin", "reading", "changing"), MATRIX)
async def test_a_token_in_a_header_is_believed_from_anywhere(
    house: House,
    site: str | None,
    origin: str | None,
    reading: int,
    changing: int,
) -> None:
    sent = {name: value for name, value in (("sec-fetch-site", site), ("origin", origin)) if value is not None}
    async with house.signed_in() as client:
        answer = await client.post("/api/instance/start", headers=sent)
    assert answer.status_code == 202
    assert "access-control-allow-origin" not in answer.headers
    assert {reading, changing} <= {200, 202, 403}


async def test_the_public_url_is_an_own_origin_too() -> None:
    house = build(public_url="https://panel.example.com")
    cookie = f"__Host-gpubox={house.token()}"
    async with house.client(cookie=cookie) as client:
        for origin, status in (("https://panel.example.com", 202), ("https://comfy.example.com", 403)):
            assert (await client.post("/api/instance/start", headers={"origin": origin})).status_code == status


async def test_no_preflight_is_granted(house: House) -> None:
    async with house.client() as client:
        answer = await client.options(
            "/api/instance/start",
            headers={"origin": BOX, "access-control-request-method": "POST"},
        )
    assert answer.status_code == 401
    assert not [name for name in answer.headers if name.startswith("access-control-")]
