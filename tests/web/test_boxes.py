"""What can be asked of a box, by the first one's short path and by name."""

import json
from typing import Any

import pytest
from support import House, status_of

from manager.web.schemas import Status

PREFIXES = ["/api/instance", "/api/boxes/first"]


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_status_is_what_was_published(house: House, prefix: str) -> None:
    async with house.signed_in() as client:
        answer = await client.get(f"{prefix}/status")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == house.boxes.status("first").body


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(("verb", "intent"), [("start", "on"), ("stop", "off")])
async def test_start_and_stop_answer_at_once_with_the_status(house: House, prefix: str, verb: str, intent: str) -> None:
    async with house.signed_in() as client:
        for _ in range(2):
            answer = await client.post(f"{prefix}/{verb}")
            assert (answer.status_code, answer.json()["intent"]) == (202, intent)


async def test_another_box_is_another_box(house: House) -> None:
    async with house.signed_in() as client:
        await client.post("/api/boxes/second/start")
        listed = (await client.get("/api/boxes")).json()["boxes"]
    assert [(box["name"], box["intent"]) for box in listed] == [("first", "off"), ("second", "on")]


@pytest.mark.parametrize(
    ("body", "active"),
    [(b"", True), (b"null", True), (b"{}", True), (b'{"active": true}', True), (b'{"active": false}', False)],
)
async def test_keep_alive(house: House, body: bytes, active: bool) -> None:
    async with house.signed_in(content_type="application/json") as client:
        answer = await client.post("/api/instance/keep-alive", content=body)
    moments = ("2026-11-21T12:00:00Z", "2026-11-21T12:30:00Z") if active else (None, None)
    assert answer.json() == dict(zip(("last_activity", "stops_at"), moments, strict=True))


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        (b'{"active": "yes"}', "active", "true or false"),
        (b'{"active": 1}', "active", "true or false"),
        (b'{"activ": true}', "activ", "no such field"),
        (b"[]", "body", "JSON object"),
        (b"{", "body", "not JSON"),
        (b"\xff", "body", "not JSON"),
    ],
)
async def test_a_wrong_keep_alive_is_explained(house: House, body: bytes, field: str, says: str) -> None:
    async with house.signed_in(content_type="application/json") as client:
        answer = await client.post("/api/instance/keep-alive", content=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert says in answer.json()["detail"]


async def test_keep_alive_takes_json_only(house: House) -> None:
    async with house.signed_in(content_type="text/plain") as client:
        answer = await client.post("/api/instance/keep-alive", content=b'{"active": true}')
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("body", "until"),
    [
        ({"minutes": 30}, "2026-11-21T12:30:00+00:00"),
        ({"minutes": 0.5}, "2026-11-21T12:00:30+00:00"),
        ({"until": "2026-11-21T14:00:00Z"}, "2026-11-21T14:00:00+00:00"),
        ({"until": "2026-11-21T15:00:00+01:00"}, "2026-11-21T15:00:00+01:00"),
        ({"until": None}, None),
        ({"minutes": None}, None),
        (None, None),
    ],
)
async def test_hold(house: House, body: Any, until: str | None) -> None:
    async with house.signed_in(content_type="application/json") as client:
        answer = await client.post("/api/instance/hold", content=json.dumps(body))
    assert (answer.status_code, answer.json()["hold_until"]) == (200, until)


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({}, "body", "either until or minutes"),
        ({"minutes": 1, "until": None}, "body", "either until or minutes"),
        ({"minutes": 0}, "minutes", "more than 0"),
        ({"minutes": -5}, "minutes", "more than 0"),
        ({"minutes": 1e9}, "minutes", "at most 10080"),
        ({"minutes": "30"}, "minutes", "a number"),
        ({"minutes": True}, "minutes", "a number"),
        ({"until": "soon"}, "until", "a moment like"),
        ({"until": 5}, "until", "a moment like"),
        ({"until": "1795262400"}, "until", "a moment like"),
        ({"until": "2026-11-31T14:00:00Z"}, "until", "a moment like"),
        ({"until": "2026-11-21"}, "until", "a moment like"),
        ({"until": "2026-11-21T14:00:00"}, "until", "time zone"),
        ({"hours": 1}, "hours", "no such field"),
        ([], "body", "JSON object"),
    ],
)
async def test_a_wrong_hold_is_explained(house: House, body: Any, field: str, says: str) -> None:
    async with house.signed_in() as client:
        answer = await client.post("/api/instance/hold", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert says in answer.json()["detail"]
    assert house.boxes.number == 0


async def test_activity_and_logs(house: House) -> None:
    async with house.signed_in() as client:
        assert (await client.get("/api/instance/activity")).json() == {"signals": []}
        logs = (await client.get("/api/instance/logs?start=17")).json()
        assert logs["serial"] == {"text": "", "start": 17, "next": 17}
        for wrong in ("-1", "x", "1e3"):
            answer = await client.get(f"/api/instance/logs?start={wrong}")
            assert (answer.status_code, answer.json()["field"]) == (422, "start")


@pytest.mark.parametrize(
    ("method", "leaf"),
    [
        ("GET", "status"),
        ("POST", "start"),
        ("POST", "stop"),
        ("POST", "keep-alive"),
        ("GET", "activity"),
        ("GET", "logs"),
        ("GET", "events"),
    ],
)
async def test_an_unknown_box_is_said(house: House, method: str, leaf: str) -> None:
    async with house.signed_in() as client:
        answer = await client.request(method, f"/api/boxes/third/{leaf}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_box")
    assert "third" in answer.json()["detail"]


def test_the_fake_speaks_as_the_description_says() -> None:
    Status.model_validate(status_of("first"))
