"""The command line in this process, and a real panel on the embedded cloud to talk to."""

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from manager.cli.app import run

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class RealPanel:
    """A panel in a process of its own, and the settings that lead to it."""

    url: str
    env: dict[str, str]
    state_dir: Path


Gpubox = Callable[..., Ran]


def environment(state_dir: Path, **settings: str) -> dict[str, str]:
    """Nothing of the developer's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    base = {"STATE_DIR": str(state_dir), "EMBEDDED_CLOUD_SPEED": "0", "COMFYUI_POLL_INTERVAL": "0.2", "TZ": "UTC"}
    return kept | base | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"} | settings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(look: Callable[[], Any], what: str) -> Any:
    """What `look` answers once it is true; it may fail meanwhile."""
    ends = time.monotonic() + _PATIENCE_S
    while time.monotonic() < ends:
        try:
            if seen := look():
                return seen
        except (httpx.HTTPError, OSError):
            pass
        time.sleep(0.02)
    raise AssertionError(f"never happened: {what}")


def process(*arguments: str, env: dict[str, str], cwd: Path, **more: Any) -> subprocess.Popen[str]:
    """`python -m manager …`, as somebody would run it."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    command = [sys.executable, "-m", "manager", *arguments]
    return subprocess.Popen(command, env=env, cwd=cwd, text=True, **pipes)  # noqa: S603 - this very program


@pytest.fixture
def gpubox(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Gpubox:
    """Runs a command in this process, in an empty folder, with an environment of its own."""

    def call(*arguments: str, env: dict[str, str] | None = None, stdin: str = "") -> Ran:
        with monkeypatch.context() as patch:
            for name in os.environ:
                patch.delenv(name)
            for name, value in (env or environment(tmp_path / "state")).items():
                patch.setenv(name, value)
            patch.chdir(tmp_path)
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            time.tzset()
            code = run(arguments)
        time.tzset()
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPanel]:
    """`gpubox serve` on a free port, with its box made and seen."""
    folder = tmp_path_factory.mktemp("panel")
    port = free_port()
    env = environment(folder / "state", PORT=str(port), AUTH_PASSWORD="correct horse battery")
    log = (folder / "log").open("w")
    served = process("serve", env=env, cwd=folder, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url) as web:
            eventually(lambda: web.get("/readyz").is_success, "the panel is ready")
            answer = web.post("/api/auth/login", json={"password": "correct horse battery"})
            web.headers["x-auth-token"] = answer.json()["token"]
            eventually(lambda: web.get("/api/instance/status").json()["status"], "the box is seen")
        yield RealPanel(url, env, folder / "state")
    finally:
        served.terminate()
        served.communicate(timeout=20)
        log.close()
