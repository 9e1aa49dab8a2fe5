"""Who may reach a box, over HTTP."""

import pytest
from support import House, build

HOME = "84.20.30.40/32"


@pytest.mark.parametrize("path", ["/api/instance", "/api/boxes/first"])
async def test_an_address_is_let_in_listed_and_removed(house: House, path: str) -> None:
    async with house.signed_in(address="84.20.30.40") as client:
        answer = await client.post(f"{path}/allowed", json={"minutes": 60})
        assert answer.status_code == 200
        assert answer.json()["allowed"] == [
            {"network": HOME, "since": "2026-11-21T12:00:00Z", "until": "2026-11-21T13:00:00Z"}
        ]
        assert (await client.get(f"{path}/allowed")).json() == answer.json()
        gone = await client.delete(f"{path}/allowed", params={"network": HOME})
        assert gone.json()["allowed"] == []


async def test_an_end_may_be_a_moment_or_none(house: House) -> None:
    async with house.signed_in() as client:
        sent = {"address": "84.20.30.40", "until": "2026-11-22T00:00:00Z"}
        first = await client.post("/api/instance/allowed", json=sent)
        assert first.json()["allowed"][0]["until"] == "2026-11-22T00:00:00Z"
        second = await client.post("/api/instance/allowed", json=sent | {"until": None})
        assert second.json()["allowed"][0]["until"] is None


async def test_the_visitor_is_the_one_behind_trusted_proxies() -> None:
    house = build(trusted_proxies=["127.0.0.0/8"])
    async with house.signed_in(x_forwarded_for="6.6.6.6, 84.20.30.40") as client:
        answer = await client.post("/api/instance/allowed", json={"minutes": 60})
        assert answer.json()["visitor"]["address"] == "84.20.30.40"
        assert [each["network"] for each in answer.json()["allowed"]] == [HOME]


async def test_a_header_of_nobodys_proxy_lets_nobody_in(house: House) -> None:
    async with house.signed_in(address="84.20.30.40", x_forwarded_for="6.6.6.6") as client:
        answer = await client.post("/api/instance/allowed", json={"minutes": 60})
        assert [each["network"] for each in answer.json()["allowed"]] == [HOME]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"minutes": 60}, 422, "local_address"),
        ({"minutes": 60, "address": "84.0.0.0/7"}, 422, "network_too_wide"),
        ({"minutes": 60, "address": "home"}, 422, "invalid_input"),
        ({"minutes": 0, "address": HOME}, 422, "invalid_input"),
        ({"minutes": None, "address": HOME}, 422, "invalid_input"),
        ({"address": HOME}, 422, "invalid_input"),
        ({"minutes": 60, "until": None}, 422, "invalid_input"),
        ({"until": "tomorrow"}, 422, "invalid_input"),
        ({"minutes": 60, "adress": HOME}, 422, "invalid_input"),
    ],
)
async def test_what_cannot_be_is_told_in_one_sentence(
    house: House, body: dict[str, object], status: int, code: str
) -> None:
    async with house.signed_in() as client:
        answer = await client.post("/api/instance/allowed", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "…" not in answer.json()["detail"]


async def test_the_list_has_a_limit(house: House) -> None:
    async with house.signed_in() as client:
        for number in range(50):
            sent = {"minutes": 60, "address": f"84.20.31.{number}"}
            assert (await client.post("/api/instance/allowed", json=sent)).is_success
        answer = await client.post("/api/instance/allowed", json={"minutes": 60, "address": "84.20.30.40"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_allowed")


async def test_nobody_without_a_session_sees_or_changes_it(house: House) -> None:
    async with house.client() as client:
        assert (await client.get("/api/instance/allowed")).status_code == 401
        assert (await client.post("/api/instance/allowed", json={"minutes": 60})).status_code == 401
        assert (await client.delete("/api/instance/allowed", params={"network": HOME})).status_code == 401


async def test_another_sites_page_changes_nothing(house: House) -> None:
    cookie = f"gpubox={house.token()}"
    async with house.client(cookie=cookie, sec_fetch_site="same-site") as client:
        assert (await client.post("/api/instance/allowed", json={"minutes": 60})).status_code == 403
        assert (await client.delete("/api/instance/allowed", params={"network": HOME})).status_code == 403


async def test_a_box_that_is_not_there_has_no_list(house: House) -> None:
    async with house.signed_in() as client:
        assert (await client.get("/api/boxes/other/allowed")).status_code == 404


@pytest.mark.parametrize("tag", ["v0.34.0", None])
async def test_another_comfyui_is_asked_for(house: House, tag: str | None) -> None:
    async with house.signed_in() as client:
        answer = await client.post("/api/instance/update", json={"comfyui": tag})
    assert answer.status_code == 202
    assert answer.json()["comfyui"] == {"asked": tag, "version": "0.33.0"}


@pytest.mark.parametrize("body", [{}, {"comfyui": ""}, {"comfyui": "v1; rm"}, {"comfyui": "-x"}, {"comfyui": 3}, None])
async def test_a_version_has_to_be_a_tag(house: House, body: object) -> None:
    async with house.signed_in() as client:
        answer = await client.post("/api/instance/update", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
