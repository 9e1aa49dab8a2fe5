"""The demo as the embedded cloud runs it: a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

REPOSITORY = Path(__file__).parents[3]
# Megabytes at rest. About 45 were measured; twice that means that something heavy is imported now.
MOST_MEMORY = 80


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.fixture
def process(tmp_path: Path, paths_file: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    command = [sys.executable, "-m", "manager.adapters.embedded.demo_comfyui", "--listen", "127.0.0.1"]
    command += ["--port", str(port), "--base-directory", str(tmp_path), "--cpu"]
    command += ["--extra-model-paths-config", str(paths_file)]
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as running:  # noqa: S603
        try:
            yield running, f"http://127.0.0.1:{port}"
        finally:
            running.kill()


def test_it_starts_small_and_ends_when_told(process: tuple[subprocess.Popen[str], str]) -> None:
    running, url = process
    assert running.stderr
    lines = [running.stderr.readline()]
    while "To see the GUI go to" not in lines[-1]:
        lines.append(running.stderr.readline())
    assert lines[0] == "The demo ComfyUI ignores: --cpu\n"
    assert lines[-1] == f"To see the GUI go to: {url}\n"
    assert httpx.get(f"{url}/system_stats").status_code == 200
    status = Path(f"/proc/{running.pid}/status").read_text()
    resident_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert resident_kb / 1000 < MOST_MEMORY
    os.kill(running.pid, signal.SIGTERM)
    assert running.wait(20) in {0, -signal.SIGTERM}
