"""A demo ComfyUI in a thread, and one page's ear to it. Nothing here sleeps: everything waits for messages."""

import contextlib
import json
import os
import shlex
import socket
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from websockets.sync.client import ClientConnection, connect

from manager.adapters.embedded.demo_comfyui.app import create_app
from manager.adapters.embedded.demo_comfyui.frontend import Frontend
from manager.adapters.embedded.demo_comfyui.options import Options

PATIENCE_S = 20
REPOSITORY = Path(__file__).parents[3]
Json = dict[str, Any]


class Ear:
    """A page's WebSocket. `hear` gives messages as (type, data); binary ones have their number as the type."""

    def __init__(self, socket: ClientConnection, client_id: str, *, features: bool) -> None:
        self.client_id = client_id
        self._socket = socket
        self.greeting = self.next()
        if features:
            self.say({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
            self.features = self.next()

    def say(self, message: Json) -> None:
        self._socket.send(json.dumps(message))

    def next(self) -> tuple[str | int, Any]:
        message = self._socket.recv(timeout=PATIENCE_S)
        if isinstance(message, bytes):
            return int.from_bytes(message[:4], "big"), message[4:]
        decoded = json.loads(message)
        return decoded["type"], decoded["data"]

    def until(self, wanted: Callable[[str | int, Any], bool]) -> list[tuple[str | int, Any]]:
        heard = [self.next()]
        while not wanted(*heard[-1]):
            heard.append(self.next())
        return heard

    def to_the_end(self) -> list[tuple[str | int, Any]]:
        """Listen until the run is over and its history can be read."""
        return self.until(lambda kind, data: kind == "executing" and data["node"] is None)


class Server:
    """A ComfyUI, seen from outside: an HTTP client and as many ears as wanted."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=PATIENCE_S)
        self._sockets = contextlib.ExitStack()

    def ear(self, *, features: bool = True, client_id: str | None = None) -> Ear:
        client_id = client_id or uuid.uuid4().hex
        url = f"{self.url.replace('http', 'ws')}/ws?clientId={client_id}"
        return Ear(self._sockets.enter_context(connect(url, max_size=None)), client_id, features=features)

    def queue(self, prompt: Json, **fields: Any) -> Json:
        answer = self.http.post("/prompt", json={"prompt": prompt, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def run(self, prompt: Json, **fields: Any) -> tuple[str, list[tuple[str | int, Any]]]:
        """Run a prompt to its end; gives its id and what its page heard."""
        ear = self.ear()
        answer = self.queue(prompt, client_id=ear.client_id, **fields)
        return answer["prompt_id"], ear.to_the_end()

    def stop(self) -> None:
        self._sockets.close()
        self.http.close()


class Demo(Server):
    """A demo server in a thread."""

    def __init__(self, options: Options, now_ms: Callable[[], int], frontend: Frontend | None) -> None:
        self.base = options.base_directory
        # Bound before the server runs: whoever connects early waits in the backlog.
        listening = socket.create_server(("127.0.0.1", 0))
        super().__init__(f"http://127.0.0.1:{listening.getsockname()[1]}")
        config = uvicorn.Config(
            create_app(options, now_ms, frontend),
            ws="websockets-sansio",
            ws_ping_interval=None,
            log_level="critical",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})
        self._thread.start()

    def stop(self) -> None:
        super().stop()
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


@pytest.fixture
def now_ms() -> Callable[[], int]:
    return lambda: 1_790_000_000_000


@pytest.fixture
def start(tmp_path: Path, now_ms: Callable[[], int]) -> Iterator[Callable[..., Demo]]:
    """Starts demos with options of the test's choice."""
    started: list[Demo] = []

    def begin(frontend: Frontend | None = None, **options: Any) -> Demo:
        started.append(Demo(Options(base_directory=tmp_path / "base", port=0, **options), now_ms, frontend))
        return started[-1]

    yield begin
    for demo in started:
        demo.stop()


@pytest.fixture
def demo(start: Callable[..., Demo]) -> Demo:
    return start()


@pytest.fixture(scope="module")
def calm_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for the many small questions that leave it as it was."""
    demo = Demo(Options(base_directory=tmp_path_factory.mktemp("calm"), port=0), lambda: 0, None)
    yield demo
    demo.stop()


@pytest.fixture
def paths_file(tmp_path: Path) -> Path:
    """An extra-model-paths file that names this repository's custom nodes."""
    file = tmp_path / "paths.yaml"
    file.write_text(f"gpubox:\n  custom_nodes: {REPOSITORY / 'startup' / 'custom_nodes'}\n")
    return file


def _node(class_type: str, **inputs: Any) -> Json:
    return {"class_type": class_type, "inputs": inputs}


@pytest.fixture
def graph() -> Json:
    """Model-free in the real ComfyUI too: an empty picture, scaled, shown and saved."""
    size = {"upscale_method": "bilinear", "width": 32, "height": 24, "crop": "disabled"}
    return {
        "1": _node("EmptyImage", width=64, height=48, batch_size=1, color=255),
        "2": _node("ImageScale", image=["1", 0], **size),
        "3": _node("PreviewImage", images=["2", 0]),
        "4": _node("SaveImage", images=["2", 0], filename_prefix="picture"),
    }


@pytest.fixture
def slow_graph() -> Json:
    """A render of two steps that takes no time; tests change `seconds` where it shall take some."""
    return {
        "1": _node("DemoNoise", width=32, height=24, seed=7),
        "2": _node("DemoSlowRender", image=["1", 0], seconds=0, steps=2),
        "3": _node("SaveImage", images=["2", 0], filename_prefix="slow"),
    }


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The ComfyUI of COMFYUI_DIR."""
    if not os.environ.get("COMFYUI_DIR"):
        pytest.skip("no real ComfyUI here: COMFYUI_DIR is not set")
    folder = Path(os.environ["COMFYUI_DIR"])
    base = tmp_path_factory.mktemp("real")
    for name in ("custom_nodes", "output"):  # without the first newer ComfyUIs end, without the second older ones err
        (base / name).mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    venvs = [folder / name / "bin" / "python" for name in (".venv", "venv")]
    found = next((str(path) for path in venvs if path.exists()), "python3")
    command = [os.environ.get("COMFYUI_PYTHON") or found, "-B", "main.py"]
    command += [*shlex.split(os.environ.get("COMFYUI_ARGS", "")), "--listen", "127.0.0.1", "--port", str(port)]
    command += ["--base-directory", str(base)]
    with (base / "log").open("w+") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as running:  # noqa: S603
        try:
            server = Server(f"http://127.0.0.1:{port}")
            while running.poll() is None and not _answers(server):
                pass
            assert running.poll() is None, (base / "log").read_text()
            yield server
            server.stop()
        finally:
            running.kill()


def _answers(server: Server) -> bool:
    """Ask once; a port without a listener refuses at once, or after the pause of the client's own retry."""
    try:
        return server.http.get("/system_stats").status_code == 200
    except httpx.ConnectError:
        return False
