"""The embedded cloud as a child of the manager: found again, never twice, and never left behind."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from manager.adapters.embedded.process import EmbeddedCloudError, EmbeddedCloudProcess
from tests.adapters.embedded.conftest import PROJECT, ZONE, box

_PATIENCE_SECONDS = 20.0
_MAIN = """
import os, signal, sys, time
def bye(*_):
    open(os.environ["PIDS"] + ".bye", "w").close()
    os._exit(0)
signal.signal(signal.SIGTERM, bye)
open(os.environ["PIDS"], "a").write(f"{os.getpid()}\\n")
time.sleep(600)
"""
_STARTER = """
import asyncio, json, os, sys
from pathlib import Path
from manager.adapters.embedded.process import EmbeddedCloudProcess
async def main():
    cloud = EmbeddedCloudProcess(Path(sys.argv[1]), speed=0.0)
    endpoint = await cloud.start()
    print(json.dumps([endpoint, cloud.pid]), flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def _eventually_dead(pid: int) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while _alive(pid):
        assert time.monotonic() < until, f"{pid} lives on"
        await asyncio.sleep(0.02)


def _kilobytes(pid: int | None) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])


def _cloud(tmp_path: Path, **options: Any) -> EmbeddedCloudProcess:
    return EmbeddedCloudProcess(tmp_path / "cloud", speed=0.0, **options)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def test_it_starts_answers_and_stops(tmp_path: Path, http: httpx.AsyncClient) -> None:
    cloud = _cloud(tmp_path)
    endpoint = await cloud.start()
    pid = cloud.pid
    assert (await http.get(f"{endpoint}/_gpubox/ledger")).json() == {"instances": []}
    await cloud.stop()
    assert pid is not None
    assert not _alive(pid)
    await cloud.stop()


async def test_it_stays_small(tmp_path: Path, http: httpx.AsyncClient) -> None:
    cloud = _cloud(tmp_path)
    endpoint = await cloud.start()
    for _ in range(50):
        await http.get(f"{endpoint}/compute/v1/projects/{PROJECT}/aggregated/machineTypes")
    kilobytes = _kilobytes(cloud.pid)
    await cloud.stop()
    assert kilobytes < 80 * 1024


async def test_the_next_one_is_found_at_the_same_port_with_the_same_boxes(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    first = _cloud(tmp_path)
    endpoint = await first.start()
    boxes = f"/compute/v1/projects/{PROJECT}/zones/{ZONE}/instances"
    body = box() | {"networkInterfaces": []}
    assert (await http.post(endpoint + boxes, json=body)).is_success
    await first.stop()
    second = _cloud(tmp_path)
    assert await second.start() == endpoint
    assert (await http.get(f"{endpoint}{boxes}/gpubox")).json()["status"] == "RUNNING"
    await second.stop()


async def test_two_never_serve_the_same_state(tmp_path: Path) -> None:
    first, second = _cloud(tmp_path), _cloud(tmp_path)
    await first.start()
    with pytest.raises(EmbeddedCloudError, match="another embedded cloud serves"):
        await second.start()
    await first.stop()


async def test_a_port_that_was_asked_for_and_is_taken_is_an_error(tmp_path: Path) -> None:
    first = _cloud(tmp_path / "a")
    endpoint = await first.start()
    second = _cloud(tmp_path / "b", port=int(endpoint.rsplit(":", 1)[1]))
    with pytest.raises(EmbeddedCloudError, match="in use"):
        await second.start()
    await first.stop()


async def test_it_ends_with_a_manager_that_is_killed(tmp_path: Path) -> None:
    manager = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _STARTER, str(tmp_path / "cloud"), stdout=asyncio.subprocess.PIPE
    )
    assert manager.stdout is not None
    _, pid = json.loads(await manager.stdout.readline())
    manager.kill()
    await manager.wait()
    await _eventually_dead(pid)


async def _with_a_machine(
    tmp_path: Path, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> tuple[EmbeddedCloudProcess, int, int]:
    """Answer a cloud, its process id, and that of its one machine."""
    pids = tmp_path / "pids"
    monkeypatch.setenv("PIDS", str(pids))
    (tmp_path / "main.py").write_text(_MAIN)
    cloud = _cloud(tmp_path, comfyui_dir=tmp_path, comfyui_python=sys.executable, comfyui_args=("--cpu",))
    endpoint = await cloud.start()
    await http.post(f"{endpoint}/compute/v1/projects/{PROJECT}/zones/{ZONE}/instances", json=box())
    until = time.monotonic() + _PATIENCE_SECONDS
    while not pids.exists() or not pids.read_text().endswith("\n"):
        assert time.monotonic() < until, "the machine did not start"
        await asyncio.sleep(0.02)
    assert cloud.pid is not None
    return cloud, cloud.pid, int(pids.read_text())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")
async def test_its_machines_end_with_it_even_when_it_is_killed(
    tmp_path: Path, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud, pid, machine = await _with_a_machine(tmp_path, http, monkeypatch)
    os.kill(pid, signal.SIGKILL)
    await _eventually_dead(machine)
    await cloud.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_halts_the_machines_before_it_ends_the_cloud(
    tmp_path: Path, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    cloud, pid, machine = await _with_a_machine(tmp_path, http, monkeypatch)
    os.kill(pid, number)
    await _eventually_dead(pid)
    assert not _alive(machine)
    assert (tmp_path / "pids.bye").exists()
    await cloud.stop()


async def test_it_imports_neither_databases_nor_google() -> None:
    heavy = "fastapi pydantic sqlalchemy google.cloud googleapiclient jinja2"
    code = f"import sys, manager.adapters.embedded.__main__; print([m for m in {heavy.split()} if m in sys.modules])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert await process.communicate() == (b"[]\n", None)


async def test_what_was_answered_before_a_kill_is_there_afterwards(tmp_path: Path, http: httpx.AsyncClient) -> None:
    disks = f"/compute/v1/projects/{PROJECT}/zones/{ZONE}/disks"
    for number in range(3):
        cloud = _cloud(tmp_path)
        endpoint = await cloud.start()
        await http.post(endpoint + disks, json={"name": f"d{number}", "sizeGb": "10"})
        found = (await http.get(endpoint + disks)).json()["items"]
        assert len(found) == number + 1
        assert cloud.pid is not None
        os.kill(cloud.pid, signal.SIGKILL)
        await cloud.stop()
