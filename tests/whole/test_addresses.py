"""The whole program before a firewall rule: what is allowed in the panel stands in the cloud."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.whole import PASSWORD, PATIENCE_S, PLACE, Whole, whole

OFFICE = "93.184.216.0/24"
HOME = "84.20.30.40/32"
NARROW = {"firewall_rule": "gpubox-web", "allowed_ip": OFFICE, "comfyui_url": "http://127.0.0.1:9"}


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, **NARROW) as running:
        yield running


@asynccontextmanager
async def signed_in(program: Whole) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=program.url, trust_env=False) as client:
        answer = await client.post("/api/auth/login", json={"password": PASSWORD})
        client.headers["x-auth-token"] = answer.json()["token"]
        yield client


def rules(program: Whole) -> str:
    return f"{program.served.endpoint}/compute/v1/projects/{PLACE.project}/global/firewalls"


async def make_rule(program: Whole, **fields: Any) -> None:
    allowed = [{"IPProtocol": "tcp", "ports": ["80", "443"]}]
    body = {"name": "gpubox-web", "targetTags": ["gpubox"], "allowed": allowed, "sourceRanges": ["0.0.0.0/0"]}
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(rules(program), json=body | fields)).raise_for_status()


async def until_sources(program: Whole, what: Callable[[list[str]], bool]) -> list[str]:
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    sources: list[str] = []
    async with httpx.AsyncClient(trust_env=False) as client:
        while asyncio.get_running_loop().time() < deadline:
            sources = (await client.get(f"{rules(program)}/gpubox-web")).json().get("sourceRanges", [])
            if what(sources):
                return sources
            await asyncio.sleep(0.1)
    raise AssertionError(f"not in {PATIENCE_S} s: {sources}")


async def test_who_is_let_in_stands_in_the_rule_until_the_end(program: Whole) -> None:
    await make_rule(program)
    async with signed_in(program) as client:
        await until_sources(program, lambda sources: sources == [OFFICE])
        seen = await client.post("/api/instance/allowed", json={"minutes": 60})
        assert (seen.status_code, seen.json()["code"]) == (422, "local_address")
        await client.post("/api/instance/allowed", json={"minutes": 60, "address": "84.20.30.40"})
        await until_sources(program, lambda sources: sources == [HOME, OFFICE])
        program.clock.advance(minutes=61)
        await until_sources(program, lambda sources: sources == [OFFICE])
        status = (await client.get("/api/instance/status")).json()
        assert status["notices"] == []
        assert {"firewall_set", "allowed_ended"} <= {entry["code"] for entry in status["journal"]}


async def test_a_rule_that_is_missing_is_told_in_the_status(program: Whole) -> None:
    status = await program.until(lambda status: bool(status["notices"]))
    assert status["notices"][0]["title"] == "The firewall rule is missing."
    await make_rule(program)
    program.clock.advance(seconds=30)
    await program.until(lambda status: not status["notices"])


async def test_another_comfyui_reaches_the_metadata_of_a_box_that_is_on(program: Whole) -> None:
    async with signed_in(program) as client:
        await program.until(lambda status: status["status"] == "TERMINATED")
        await client.post("/api/instance/start")
        await program.until(lambda status: status["status"] == "RUNNING" and status["started_at"] is not None)
        answer = await client.post("/api/instance/update", json={"comfyui": "v0.34.0"})
        assert answer.status_code == 202
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while (await program.panel.cloud.observe(PLACE)).metadata.get("gpubox-comfyui-ref") != "v0.34.0":
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.1)
