"""The program as a process of its own, as `script/run` ends in it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a-password-for-tests"
PATIENCE_S = 90.0


class PanelProcess:
    """`gpubox serve` with these settings; a context that ends it. What it wrote is in `output`."""

    def __init__(self, state_dir: Path, **settings: str) -> None:
        self.state_dir = state_dir
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._environment = kept | {
            "PORT": str(self.port),
            "RELAY_PORT": "0",
            "STATE_DIR": str(state_dir),
            "AUTH_PASSWORD": PASSWORD,
            "PYTHONPATH": str(ROOT),
        }
        self._environment |= settings
        self._http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)
        self.output = ""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "manager", "serve"],
            cwd=self.state_dir.parent,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.wait()
        self._http.close()

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        if self.process.returncode is None:
            self.output, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode

    def ready(self) -> Self:
        """Wait until it can be used, and log in."""
        self._until(lambda: self._http.get("/readyz").status_code == 200)
        token = self._http.post("/api/auth/login", json={"password": PASSWORD}).json()["token"]
        self._http.headers["x-auth-token"] = token
        return self

    def get(self, path: str) -> Any:
        return self._http.get(path).json()

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self._http.post(path, json=body)

    def until_phase(self, *phases: str) -> dict[str, Any]:
        """Wait for a phase; the status then."""
        self._until(lambda: self.get("/api/instance/status")["phase"] in phases)
        return self.get("/api/instance/status")

    def _until(self, what: Any) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.process.communicate()[0]
            try:
                if what():
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"not in {PATIENCE_S} s: {self.get('/api/instance/status')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
