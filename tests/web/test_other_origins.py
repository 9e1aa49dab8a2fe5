"""Pages of other origins on the panel's own host: another port is another origin, but cookies know no ports."""

import pytest
from support import House, build

PANEL = "http://panel.test:8187"
RELAY = "http://panel.test:8186"
READS = ["/api/auth/check", "/api/instance/status", "/api/instance/activity", "/api/instance/logs", "/api/boxes"]
READS += ["/api/boxes/first/status", "/api/events", "/api/boxes/first/events"]
CHANGES = ["/api/instance/start", "/api/instance/stop", "/api/instance/keep-alive", "/api/instance/hold"]
CHANGES += ["/api/boxes/first/start", "/api/auth/logout"]


@pytest.fixture
def house() -> House:
    return build(public_url=PANEL)


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("mode", ["cors", "no-cors", "navigate", "websocket"])
async def test_what_the_cookie_proves_is_not_read_for_the_relays_page(house: House, path: str, mode: str) -> None:
    async with house.client(base=PANEL, cookie=f"gpubox={house.token()}") as client:
        answer = await client.get(path, headers={"sec-fetch-site": "same-site", "sec-fetch-mode": mode})
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_refused")
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("origin", [RELAY, "null", None])
async def test_nothing_is_changed_for_the_relays_page(house: House, path: str, origin: str | None) -> None:
    """With Sec-Fetch-Site; and by Origin alone, as browsers have it on plain HTTP in a network."""
    said = {} if origin is None else {"origin": origin}
    async with house.client(base=PANEL, cookie=f"gpubox={house.token()}") as client:
        for headers in ({**said, "sec-fetch-site": "same-site"}, {**said, "sec-fetch-site": "cross-site"}, said):
            answer = await client.post(path, headers=headers, content="active=true")
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_refused")
        assert (await client.get("/api/auth/check")).status_code == 200
    assert house.boxes.number == 0


async def test_an_event_stream_for_the_relays_page_is_refused_by_its_origin_alone(house: House) -> None:
    async with house.client(base=PANEL, cookie=f"gpubox={house.token()}") as client:
        assert (await client.get("/api/events", headers={"origin": RELAY})).status_code == 403


@pytest.mark.parametrize("made_up", ["made-up", "x.y.z", "eyJhbGciOiJub25lIn0.e30.", '"', "gpubox"])
async def test_made_up_cookies_of_the_panels_name_neither_open_it_nor_shut_it(house: House, made_up: str) -> None:
    real = f"gpubox={house.token()}"
    for cookie in (f"gpubox={made_up}; {real}", f"{real}; gpubox={made_up}", f"gpubox=; gpubox={made_up}; {real}"):
        async with house.client(base=PANEL, cookie=cookie) as client:
            assert (await client.get("/api/auth/check")).status_code == 200
    async with house.client(base=PANEL, cookie=f"gpubox={made_up}; gpubox=other") as client:
        assert (await client.get("/api/auth/check")).status_code == 401


async def test_a_flood_of_cookies_does_not_hide_the_session(house: House) -> None:
    flood = "; ".join(f"gpubox=made-up-{number}" for number in range(180))
    async with house.client(base=PANEL, cookie=f"{flood}; gpubox={house.token()}") as client:
        assert (await client.get("/api/auth/check")).status_code == 200


async def test_the_relays_cookie_is_nothing_to_the_panel(house: House) -> None:
    token = house.token()
    async with house.client(base=PANEL, cookie=f"gpubox-relay={token}; __Host-gpubox-relay={token}") as client:
        assert (await client.get("/api/auth/check")).status_code == 401


async def test_a_logout_ends_the_real_session_beside_made_up_ones(house: House) -> None:
    cookie = f"gpubox=made-up; gpubox={house.token()}"
    async with house.client(base=PANEL, cookie=cookie, origin=PANEL) as client:
        assert (await client.post("/api/auth/logout")).status_code == 204
        assert (await client.get("/api/auth/check")).status_code == 401
