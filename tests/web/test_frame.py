"""Opening ComfyUI: where this session finds it, with a ticket that nobody else sees."""

import logging

import pytest
from support import House, build

from manager.web.policy import page_headers

PREFIXES = ["/api/instance", "/api/boxes/first"]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    ("body", "way"), [(None, "domain"), ({}, "domain"), ({"way": None}, "domain"), ({"way": "relay"}, "relay")]
)
async def test_the_address_is_for_this_session_and_kept_by_nobody(
    house: House, prefix: str, body: dict[str, str] | None, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with house.signed_in() as client:
        answer = await client.post(f"{prefix}/frame", json=body)
    claims = house.login.session(client.headers["x-auth-token"])
    found = answer.json()
    assert (answer.status_code, found["way"]) == (200, way)
    assert found["url"] == f"{house.boxes.source}/_gpubox/enter#ticket={claims.token_id}"
    assert answer.headers["cache-control"] == "no-store"
    assert claims.token_id not in caplog.text


async def test_no_body_at_all_is_fine(house: House) -> None:
    async with house.signed_in() as client:
        assert (await client.post("/api/instance/frame")).status_code == 200


@pytest.mark.parametrize("body", [{"way": "tunnel"}, {"way": 5}, {"wey": "relay"}, []])
async def test_a_way_that_is_none_is_explained(house: House, body: object) -> None:
    async with house.signed_in() as client:
        answer = await client.post("/api/instance/frame", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_where_there_is_nothing_to_open_that_is_said(house: House) -> None:
    house.boxes.source = None
    async with house.signed_in() as client:
        answer = await client.post("/api/instance/frame")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_frame")
    assert answer.json()["detail"] == "The box is off. Start it first."


async def test_without_a_session_there_is_no_ticket(house: House) -> None:
    async with house.client() as client:
        assert (await client.post("/api/instance/frame")).status_code == 401


async def test_another_sites_page_gets_none_by_the_cookie(house: House) -> None:
    headers = {"cookie": f"gpubox={house.token()}", "sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    async with house.client() as client:
        assert (await client.post("/api/instance/frame", headers=headers)).status_code == 403


@pytest.mark.parametrize(
    ("source", "policy"),
    [
        (
            "https://comfy.example.com http://127.0.0.1:8186",
            "frame-src https://comfy.example.com http://127.0.0.1:8186",
        ),
        ("https://comfy.example.com javascript:alert(1)", "frame-src https://comfy.example.com;"),
        ("https://comfy.example.com;script-src", "frame-src 'none'"),
        ("http://203.0.113.5:\u0663", "frame-src 'none'"),
    ],
)
async def test_the_page_may_frame_the_box_and_the_relay_and_nothing_else(
    house: House, source: str, policy: str
) -> None:
    house.boxes.source = source
    async with house.client(cookie=f"gpubox={house.token()}") as client:
        answer = await client.get("/")
    assert policy in answer.headers["content-security-policy"]


async def test_a_box_that_says_what_no_page_can_hold_does_not_shut_the_panel(house: House) -> None:
    """A veto of ComfyUI's, say: JSON can name half a letter, which UTF-8 has no bytes for."""
    words = {"code": "ready", "text": "Kept on by {what}.", "values": {"what": "half \ud800 a letter"}}
    house.boxes.change("first", headline=words)
    async with house.client(cookie=f"gpubox={house.token()}") as client:
        answer = await client.get("/")
    assert answer.status_code == 200
    assert "half ? a letter" in answer.text


def test_without_an_address_nothing_may_be_framed() -> None:
    assert "frame-src 'none'" in page_headers("n")["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("host", "page"),
    [
        ("localhost:8187", "http://localhost"),
        ("192.0.2.7", "http://192.0.2.7"),
        ("[2001:db8::1]:8187", "http://[2001:db8::1]"),
        ("a b", None),
        ("x;script-src", None),
        ("", None),
    ],
)
async def test_the_relay_is_looked_for_at_the_host_that_the_browser_names(
    house: House, host: str, page: str | None
) -> None:
    async with house.signed_in(host=host) as client:
        await client.post("/api/instance/frame")
        await client.get("/")
    assert house.boxes.pages == [page, page]


async def test_behind_a_trusted_proxy_it_is_looked_for_by_https() -> None:
    house = build(trusted_proxies=["127.0.0.0/8"])
    async with house.signed_in(host="gpu.lan", x_forwarded_proto="https") as client:
        await client.post("/api/instance/frame")
    assert house.boxes.pages == ["https://gpu.lan"]


async def test_the_page_shows_comfyui_where_this_browser_has_the_relay(house: House) -> None:
    house.boxes.relayed = True
    relayed = {"entrance": {"way": "relay", "gated": True, "relay": True}, "phase": "ready"}
    house.boxes.known["first"].update(relayed, comfyui_url="http://127.0.0.1:8186")
    async with house.client(cookie=f"gpubox={house.token()}", host="localhost:8187") as client:
        page = (await client.get("/")).text
        house.boxes.known["first"]["entrance"]["way"] = "domain"
        other = (await client.get("/")).text
    assert 'data-relay="http://localhost:8186"' in page
    assert 'href="http://localhost:8186"' in page
    assert 'href="http://127.0.0.1:8186"' in other
