"""What goes wrong in the world, seen through the whole program: the real client, the embedded cloud, the panel."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.process import PanelProcess
from tests.support.whole import PASSWORD, PLACE, Whole, whole

HERE = f"projects/{PLACE.project}/zones/{PLACE.zone}/instances/{PLACE.instance}"


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path) as running:
        await running.until_phase("off")
        yield running


async def started(program: Whole) -> None:
    await program.panel.boxes.start(PLACE.instance)
    await program.until_phase("ready")


async def on_the_machine(program: Whole, action: str) -> None:
    async with httpx.AsyncClient() as http:
        await http.post(f"{program.served.endpoint}/_gpubox/machines/{PLACE.instance}", json={"action": action})


async def journal(program: Whole) -> list[str]:
    return [line["code"] for line in (await program.until(lambda _: True))["journal"]]


async def test_without_capacity_the_start_is_queued_and_comes_when_there_is_some(program: Whole) -> None:
    fault = program.served.cloud.faults.add("stockout", {"zone": PLACE.zone}, None, zonesAvailable=["us-central1-f"])
    await program.panel.boxes.start(PLACE.instance)
    queued = await program.until_phase("queued")
    assert queued["trouble"]["code"] == "stockout"
    assert "us-central1-f" in str(queued["trouble"]["detail"]["values"])
    assert not program.ledger["billing"]
    program.served.cloud.faults.remove(fault.id)
    program.clock.advance(seconds=40)
    await program.until_phase("ready")


async def test_without_quota_the_start_ends_with_what_to_do(program: Whole) -> None:
    program.served.cloud.faults.add("quota", {"method": "instances.start"}, None)
    await program.panel.boxes.start(PLACE.instance)
    trouble = (await program.until_phase("trouble"))["trouble"]
    assert trouble["code"] == "quota_exceeded"
    assert "Ask Google for more" in trouble["remedy"]["text"]
    assert not program.ledger["billing"]


@pytest.mark.parametrize(("action", "line"), [("preempt", "adopted_off.preempted"), ("poweroff", "adopted_off.guest")])
async def test_a_box_that_went_off_by_itself_is_seen_and_the_journal_says_why(
    program: Whole, action: str, line: str
) -> None:
    await started(program)
    await on_the_machine(program, action)
    program.clock.advance(seconds=20)
    await program.until_phase("off")
    assert line in await journal(program)


async def test_a_start_from_googles_console_is_adopted(program: Whole) -> None:
    async with httpx.AsyncClient() as console:
        await console.post(f"{program.served.endpoint}/compute/v1/{HERE}/start")
    program.clock.advance(seconds=61)
    await program.until_phase("ready")
    assert "adopted_on.outside" in await journal(program)


async def test_a_permission_that_is_missing_is_named(program: Whole) -> None:
    program.served.cloud.faults.add(
        "permission-denied", {"method": "instances.start"}, None, permission="compute.instances.start"
    )
    await program.panel.boxes.start(PLACE.instance)
    trouble = (await program.until_phase("trouble"))["trouble"]
    assert trouble["detail"]["values"]["permission"] == "compute.instances.start"


async def test_a_cloud_that_is_away_is_trouble_and_the_box_counts_as_billing(program: Whole) -> None:
    program.served.cloud.faults.add("error-before", None, None)
    program.clock.advance(seconds=61)
    await program.until(lambda _: program.panel.registry.get(PLACE.instance).unreachable is not None)
    program.clock.advance(seconds=61)
    status = await program.until_phase("trouble")
    assert (status["trouble"]["code"], status["trouble"]["title"]) == (
        "cloud_unreachable",
        "Google cannot be reached.",
    )
    program.served.cloud.faults.clear()
    program.clock.advance(seconds=61)
    await program.until_phase("off")


async def test_a_locked_database_refuses_the_start_in_plain_words(program: Whole, tmp_path: Path) -> None:
    async with httpx.AsyncClient(base_url=program.url, timeout=30) as http:
        token = (await http.post("/api/auth/login", json={"password": PASSWORD})).json()["token"]
        lock = sqlite3.connect(tmp_path / "state" / "gpubox.sqlite3", isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        answer = await http.post("/api/instance/start", headers={"x-auth-token": token})
        lock.execute("ROLLBACK")
        lock.close()
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert "Nothing was changed" in answer.json()["detail"]
        assert (await http.post("/api/instance/start", headers={"x-auth-token": token})).status_code == 202
    await program.until_phase("ready")


def test_a_second_panel_on_the_same_state_says_so_and_ends(tmp_path: Path) -> None:
    with PanelProcess(tmp_path / "state", EMBEDDED_CLOUD_SPEED="0") as first:
        first.ready()
        with PanelProcess(tmp_path / "state") as second:
            assert second.wait() == 1
        assert second.output.count("\n") == 1
        assert "Another panel is at work" in second.output


def test_the_panel_ends_in_order_when_it_is_told_to(tmp_path: Path) -> None:
    with PanelProcess(tmp_path / "state", EMBEDDED_CLOUD_SPEED="0") as panel:
        panel.ready()
        panel.until_phase("off")
        panel.process.terminate()
        assert panel.wait() == 0
        assert "Traceback" not in panel.output
    with PanelProcess(tmp_path / "state", EMBEDDED_CLOUD_SPEED="0") as again:
        assert again.ready().until_phase("off")["status"] == "TERMINATED"
