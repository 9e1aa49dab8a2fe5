"""A box's entrance in a folder, on loopback: the product's own shell, nginx, the gate and the demo ComfyUI."""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
from world import World

from manager.adapters.passes import Passes

REPOSITORY = Path(__file__).parents[3]
HERE = Path(__file__).parent
BOX = "box-1"
DOMAIN = "comfy.example.com"
PANEL = "https://panel.example.com"
SESSION = "a-session-of-the-panel"
PATIENCE_S = 30.0


def free_port(address: str = "127.0.0.1") -> int:
    with socket.socket() as listener:
        listener.bind((address, 0))
        return int(listener.getsockname()[1])


def wait_until(what: Callable[[], object], patience: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def any_certificate() -> ssl.SSLContext:
    """A visitor's TLS that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Box:
    """`settings` are metadata's attributes. A context that ends everything it started."""

    def __init__(self, world: World, comfyui: int, **settings: str) -> None:
        self.world = world
        # nginx's workers are another user, who may not pass through a test's own folder.
        self.folder = Path(tempfile.mkdtemp(prefix="gpubox-entrance-"))
        self.folder.chmod(0o755)
        self.passes = Passes(os.urandom(32))
        self.http_port, self.https_port = free_port(), free_port()
        self.comfyui = comfyui
        self.attributes = {
            "gpubox-box": BOX,
            "gpubox-gate-keys": self.passes.public_key,
            "gpubox-panel-origin": PANEL,
        } | {key.replace("_", "-") if key.startswith("gpubox_") else key: value for key, value in settings.items()}
        self.environment = os.environ | {
            "PATH": f"{HERE / 'bin'}:{os.environ['PATH']}",
            "TEST_FOLDER": str(self.folder),
            "GPUBOX_HTTP_PORT": str(self.http_port),
            "GPUBOX_HTTPS_PORT": str(self.https_port),
            "GPUBOX_COMFYUI": f"127.0.0.1:{comfyui}",
            "GPUBOX_NGINX_USER": "root",
            "GPUBOX_NGINX_PATIENCE": "10",
            "GPUBOX_UNASKED_RATE": "1000",
            "GPUBOX_TUNNEL_METRICS_PORT": str(free_port("127.0.0.2")),
            "GPUBOX_TUNNEL_PATIENCE": "10",
            "GPUBOX_CLOUDFLARE_LISTS": f"{world.url}/nothing",
            **{f"GPUBOX_{name}": str(self.folder / path) for name, path in _PATHS.items()},
            **world.environment(),
        }
        self._gate: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close_gate()
        for name in ("nginx.pid", "tunnel.pid"):
            self._end(self.folder / name)
        shutil.rmtree(self.folder)

    def _end(self, pid_file: Path) -> None:
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            pid = int(pid_file.read_text())
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: not _runs(pid))

    def shell(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the entrance's own, after its files are sourced."""
        folder = self.folder / "var" / "provision" / "attributes"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for key, value in self.attributes.items():
            (folder / key).write_text(value)
        (self.folder / "etc").mkdir(exist_ok=True)
        (self.folder / "etc" / "box.json").write_text(json.dumps({"attributes": self.attributes, "instance": {}}))
        (self.folder / "run" / "outbox").mkdir(parents=True, exist_ok=True)
        self.world.attributes = self.attributes
        library = REPOSITORY / "startup" / "lib" / "entrance.sh"
        return subprocess.run(
            ["bash", "-uo", "pipefail", "-c", f". {library}; {command}"],
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def apply(self, **environment: str) -> dict[str, Any]:
        """`entrance_apply`, and what it tells the manager."""
        done = self.shell("entrance_apply", **environment)
        self.said = done.stdout + done.stderr
        told = json.loads(self.told("entrance"))
        assert (done.returncode == 0) == (told["problem"] is None), self.said
        return told

    def told(self, key: str) -> str:
        """What lies in provisioning's outbox."""
        path = self.folder / "run" / "outbox" / key
        return path.read_text() if path.exists() else ""

    def open_gate(self) -> Self:
        """Start the gate, and let the manager speak."""
        log = (self.folder / "gate.log").open("wb")
        self._gate = subprocess.Popen(
            [sys.executable, "-m", "gpubox_agent.gate", "--comfyui-port", str(self.comfyui)],
            env=self.environment
            | {
                "PYTHONPATH": str(REPOSITORY / "startup" / "agent"),
                "STATE_DIRECTORY": str(self.folder / "gate"),
                "GPUBOX_CONFIG": str(self.folder / "etc" / "box.json"),
            },
            stderr=log,
        )
        log.close()
        wait_until(self._gate_listens)
        return self

    def _gate_listens(self) -> bool:
        assert self._gate is not None
        assert self._gate.poll() is None, (self.folder / "gate.log").read_text()
        return (self.folder / "run" / "streams.sock").exists()

    def client(self, **more: Any) -> httpx.Client:
        """A visitor, who takes any certificate; TLS itself is tested elsewhere. `source`: from this address."""
        base = more.pop("base", f"https://127.0.0.1:{self.https_port}")
        wire = httpx.HTTPTransport(verify=False, trust_env=False, local_address=more.pop("source", None))
        return httpx.Client(base_url=base, transport=wire, timeout=30, **more)

    def connect(self, context: ssl.SSLContext, name: str, alpn: list[str] | None = None) -> ssl.SSLSocket:
        """A TLS connection, asking for this name."""
        if alpn is not None:
            context.set_alpn_protocols(alpn)
        return context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.https_port), timeout=30), server_hostname=name
        )

    def listens(self, port: int, address: str = "127.0.0.1") -> bool:
        with socket.socket() as trying:
            return trying.connect_ex((address, port)) == 0

    def calls(self, program: str) -> list[str]:
        """What a stand-in was asked to do."""
        path = self.folder / f"{program}.log"
        return path.read_text().splitlines() if path.exists() else []

    def close_gate(self) -> None:
        if self._gate is not None:
            self._gate.terminate()
            self._gate.wait(10)
            self._gate = None

    def speak(self, client: httpx.Client, **claims: Any) -> httpx.Response:
        """The manager's statement."""
        said = {"sessions": [SESSION], "keep_alive_age_s": None, "hold_s": 0, "stopping": False, "allowed": []} | claims
        return client.post("/_gpubox/manager", content=self.passes.statement(BOX, said, datetime.now(UTC)))  # noqa: TID251

    def speak_as(self, client: httpx.Client, address: str) -> httpx.Response:
        """The statement through Cloudflare, which names the visitor."""
        client.headers["CF-Connecting-IP"] = address
        return self.speak(client)

    def served(self, name: str) -> bytes:
        """The certificate that is served under this name, as DER."""
        with self.connect(any_certificate(), name) as connection:
            return connection.getpeercert(binary_form=True) or b""

    def ticket(self, session: str = SESSION) -> str:
        now = datetime.now(UTC)  # noqa: TID251 - the gate is a process of its own, with the computer's clock
        return self.passes.ticket(BOX, session, now + timedelta(hours=1), now)

    def bearer(self, name: str = "a-program") -> dict[str, str]:
        now = datetime.now(UTC)  # noqa: TID251 - as above
        return {"Authorization": f"Bearer {self.passes.service(BOX, name, now, timedelta(hours=1))}"}

    def logs(self) -> str:
        """Nginx's own words."""
        return (self.folder / "log" / "error.log").read_text() + (self.folder / "log" / "gpubox.log").read_text()


_PATHS = {
    "OPT": "opt",
    "ETC": "etc",
    "RUN": "run",
    "VAR": "var/provision",
    "LOGS": "log",
    "DATA": "data",
    "UNITS": "units",
    "NGINX_LOGS": "log",
    "NGINX_CACHE": "cache",
    "NGINX_RUN": "run/nginx",
    "NGINX_PID": "nginx.pid",
    "HOSTS": "hosts",
}


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
