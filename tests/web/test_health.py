"""Alive, ready, and figures for those who may read them."""

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support import PASSWORD, House, build

from manager.domain.errors import Fault


async def test_alive_even_without_a_database(house: House) -> None:
    house.store.broken = True
    async with house.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_ready_when_store_and_loop_are(house: House) -> None:
    async with house.client() as client:
        assert (await client.get("/readyz")).status_code == 200
        house.faults.append(Fault("not_ready", {"detail": "The boxes are not read yet."}))
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert "not read yet" in answer.json()["detail"]
        house.store.broken = True
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert "disk is full" in answer.json()["detail"]


async def test_a_database_that_hangs_is_not_ready(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr("manager.web.routes.health._PATIENCE_SECONDS", 0.01)
    object.__setattr__(house.services, "ping", hang)
    async with house.client() as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")


async def test_figures(house: House) -> None:
    house.boxes.change("second", phase="ready", busy=True)
    async with house.client() as client:
        await client.post("/api/auth/login", json={"password": "wrong"})
        await client.post("/api/auth/login", json={"password": PASSWORD})
        await client.get("/made/up/path")
        answer = await client.get("/metrics")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples[("gpubox_box_phase", "first", "off")] == 1
    assert samples[("gpubox_box_phase", "ready", "second")] == 1
    assert samples[("gpubox_box_phase", "off", "second")] == 0
    assert samples[("gpubox_box_busy", "second")] == 1
    assert samples[("gpubox_box_month_cost", "USD", "first")] == 11.2
    assert samples[("gpubox_logins_refused_total", "login_refused")] == 1
    assert samples[("gpubox_http_answers_total", "200", "POST", "auth")] == 1
    assert samples[("gpubox_http_answers_total", "404", "GET", "page")] == 1
    assert samples[("gpubox_event_streams",)] == 0


TOKEN = "a-token-for-the-figures"


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {"host": "127.0.0.1:8187"}, 200),
        ("::1", {"host": "[::1]:8187"}, 200),
        ("127.0.0.1", {"host": "localhost:8187"}, 200),
        # A name that somebody made to lead here, in a browser on this computer.
        ("127.0.0.1", {"host": "evil.example"}, 401),
        ("127.0.0.1", {"host": "127.0.0.1.evil.example:8187"}, 401),
        ("203.0.113.5", {}, 401),
        ("", {}, 401),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.5"}, 401),
        ("127.0.0.1", {"forwarded": "for=203.0.113.5"}, 401),
        ("203.0.113.5", {"x-forwarded-for": "127.0.0.1"}, 401),
        ("203.0.113.5", {"authorization": f"Bearer {TOKEN}"}, 200),
        ("203.0.113.5", {"authorization": "Bearer another"}, 401),
        ("203.0.113.5", {"authorization": f"Basic {TOKEN}"}, 401),
    ],
)
async def test_who_may_read_the_figures(address: str, headers: dict[str, str], status: int) -> None:
    house = build(metrics_token=TOKEN)
    async with house.client(address=address) as client:
        assert (await client.get("/metrics", headers=headers)).status_code == status


async def test_a_session_may_read_the_figures_from_anywhere(house: House) -> None:
    async with house.signed_in(address="203.0.113.5") as client:
        assert (await client.get("/metrics")).status_code == 200
    async with house.client(address="203.0.113.5", authorization="Bearer ") as client:
        assert (await client.get("/metrics")).status_code == 401
