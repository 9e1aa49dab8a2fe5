"""A machine is a process at the instance's address; these tests start real ones."""

import contextlib
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from manager.adapters.embedded.clock import wall_clock
from manager.adapters.embedded.machines.command import PORTS, ComfyUi
from manager.adapters.embedded.machines.serial import RING_BYTES, SerialPort, serial_of
from manager.adapters.embedded.server import factory
from manager.adapters.embedded.thread import CloudThread
from tests.adapters.embedded.conftest import Caller

_STAND_IN = """
import http.server, os, socketserver, sys
at = sys.argv[sys.argv.index("--listen") + 1]
port = int(sys.argv[sys.argv.index("--port") + 1])
print("Starting server", *sys.argv[1:], "JWT_SECRET" in os.environ, flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/exit":
            os._exit(3)
        body = str(os.getpid()).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
Server((at, port), Handler).serve_forever()
"""
_PATIENCE_SECONDS = 20.0


def _eventually(holds: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.02)


@pytest.fixture
def comfyui(tmp_path: Path) -> ComfyUi:
    folder = tmp_path / "ComfyUI"
    folder.mkdir()
    (folder / "main.py").write_text(_STAND_IN)
    return ComfyUi(folder, sys.executable, ("--cpu",), tmp_path / "custom_nodes")


@pytest.fixture
def served(serve: Callable[..., CloudThread], comfyui: ComfyUi) -> CloudThread:
    return serve(speed=0, make=factory(comfyui), clock=wall_clock)


def _url(call: Caller) -> str:
    address = call.instance()["networkInterfaces"][0]["accessConfigs"][0]["natIP"]
    return f"http://{address}:8188"


def _answers(url: str) -> str | None:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(url, timeout=1.0, trust_env=False).text
    return None


def _attributes(call: Caller) -> dict[str, str]:
    return call.admin("GET", "guest-attributes/gpubox").get("gpubox", {})


def _ready(call: Caller) -> None:
    _eventually(lambda: _attributes(call).get("boot") == "ready", "the machine is ready")


def _serial(call: Caller) -> str:
    return str(call.get("/instances/gpubox/serialPort")["contents"])


def test_a_running_box_answers_at_its_external_address_and_a_stopped_one_does_not(call: Caller) -> None:
    call.insert()
    _ready(call)
    url = _url(call)
    assert _answers(url)
    assert _attributes(call)["comfyui-port"] == "8188"
    call.post("/instances/gpubox/stop")
    _eventually(lambda: _answers(url) is None, "nobody answers any more")
    assert call.get("/instances/gpubox/serialPort")["error"]["code"] == 400


def test_a_guest_that_ignores_the_stop_is_ended_when_the_box_is_terminated(
    serve: Callable[..., CloudThread], comfyui: ComfyUi
) -> None:
    assert comfyui.folder is not None
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    (comfyui.folder / "main.py").write_text(deaf + _STAND_IN)
    call = Caller(serve(speed=0.02, make=factory(comfyui), clock=wall_clock).endpoint)
    call.insert()
    _ready(call)
    url = _url(call)
    call.post("/instances/gpubox/stop")
    _eventually(lambda: call.status() == "TERMINATED", "it is terminated")
    _eventually(lambda: _answers(url) is None, "it is ended")
    call.http.close()


def test_what_it_prints_is_on_the_serial_port(call: Caller, comfyui: ComfyUi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", "the manager's own")
    call.insert()
    _ready(call)
    output = _serial(call)
    assert output.startswith("Booting `gpubox'")
    assert "--extra-model-paths-config" in output
    assert "--cpu False" in output
    shown = call.get("/instances/gpubox/serialPort", start=10)
    assert (shown["start"], shown["contents"]) == ("10", output[10:])
    assert comfyui.presence_nodes is not None
    assert f"custom_nodes: '{comfyui.presence_nodes}'" in comfyui.paths()


def test_a_process_that_exits_is_started_again_while_the_box_stays_running(call: Caller) -> None:
    call.insert()
    _ready(call)
    before = _answers(_url(call))
    _answers(_url(call) + "/exit")
    _eventually(lambda: _answers(_url(call)) not in {None, before}, "it came back")
    assert "Main process exited, status=3" in _serial(call)
    assert call.status() == "RUNNING"
    assert call.admin("GET", "ledger")["instances"][0]["starts"] == 1


def test_a_reset_is_another_process_at_the_same_address(call: Caller) -> None:
    call.insert()
    _ready(call)
    url, before = _url(call), _answers(_url(call))
    call.post("/instances/gpubox/reset")
    _eventually(lambda: _answers(url) not in {None, before}, "another process answers")


def test_a_hanging_guest_answers_nothing_and_bills_until_it_is_well_again(call: Caller) -> None:
    call.insert()
    _ready(call)
    url = _url(call)
    call.admin("POST", "machines/gpubox", {"action": "hang"})
    _eventually(lambda: _answers(url) is None, "it hangs")
    assert call.admin("GET", "ledger")["instances"][0]["billing"]
    call.admin("POST", "machines/gpubox", {"action": "wake"})
    _eventually(lambda: _answers(url) is not None, "it is well again")


def test_a_halted_guest_is_down_and_the_box_stays_running(call: Caller) -> None:
    call.insert()
    _ready(call)
    url = _url(call)
    call.admin("POST", "machines/gpubox", {"action": "halt"})
    _eventually(lambda: _answers(url) is None, "it is down")
    assert call.status() == "RUNNING"


@pytest.mark.parametrize(("kind", "line"), [("never-boots", "Kernel panic"), ("disk-full", "No space left on device")])
def test_a_guest_that_cannot_start_says_why_on_the_serial_port(
    call: Caller, served: CloudThread, kind: str, line: str
) -> None:
    served.cloud.faults.add(kind)
    call.insert()
    _eventually(lambda: line in _serial(call), "it says why")
    assert call.status() == "RUNNING"
    assert _attributes(call).get("boot") in {None, "starting", "failed"}


def test_ports_that_are_all_taken_are_named_on_the_serial_port(call: Caller) -> None:
    addresses = f"{call.base}/regions/us-west1/addresses"
    call.http.post(addresses, json={"name": "fixed"})
    address = call.http.get(f"{addresses}/fixed").json()["address"]
    with contextlib.ExitStack() as others:
        for port in PORTS:
            other = others.enter_context(socket.socket())
            other.bind((address, port))
            other.listen()
        call.insert(networkInterfaces=[{"accessConfigs": [{"natIP": address}]}])
        _eventually(lambda: f"{address}: ports 8188 to 8207 are in use" in _serial(call), "it says so")
    _ready(call)


def test_machines_that_share_an_address_take_ports_of_their_own(
    serve: Callable[..., CloudThread], comfyui: ComfyUi
) -> None:
    caller = Caller(serve(speed=0, make=factory(comfyui), clock=wall_clock, address="127.3.2.1").endpoint)
    with socket.socket() as other:
        other.bind(("127.3.2.1", 8188))
        other.listen()
        caller.insert()
        _eventually(lambda: _attributes(caller).get("comfyui-port") == "8189", "it tells the next port")
    assert caller.instance()["networkInterfaces"][0]["accessConfigs"][0]["natIP"] == "127.3.2.1"
    assert _answers("http://127.3.2.1:8189") is not None
    caller.http.close()


def test_after_a_restart_of_the_cloud_the_box_boots_again_at_the_same_address(
    serve: Callable[..., CloudThread], comfyui: ComfyUi
) -> None:
    first = serve(speed=0, make=factory(comfyui), clock=wall_clock)
    caller = Caller(first.endpoint)
    caller.insert()
    _ready(caller)
    url, before = _url(caller), _answers(_url(caller))
    caller.http.close()
    first.__exit__(None, None, None)
    assert _answers(url) is None

    later = Caller(serve(speed=0, make=factory(comfyui), clock=wall_clock).endpoint)
    assert _url(later) == url
    _eventually(lambda: _answers(url) not in {None, before}, "it boots again")
    assert later.admin("GET", "ledger")["instances"][0]["starts"] == 1
    later.http.close()


@pytest.fixture
def port(tmp_path: Path) -> SerialPort:
    return SerialPort(tmp_path, "1")


def test_the_serial_port_keeps_the_last_megabyte_and_its_offsets(tmp_path: Path, port: SerialPort) -> None:
    port.write(b"first line\r\n")
    assert serial_of(tmp_path, "1", 6) == (6, b"line\r\n")
    assert serial_of(tmp_path, "1", -2) == (10, b"\r\n")
    for _ in range(3):
        port.write(b"x" * RING_BYTES)
    port.line("last")
    start, content = serial_of(tmp_path, "1", 0)
    assert len(content) == RING_BYTES
    assert start == 12 + 3 * RING_BYTES + 6 - RING_BYTES
    assert content.endswith(b"xlast\r\n")
    assert serial_of(tmp_path, "1", 10**9) == (start + RING_BYTES, b"")
    port.clear()
    assert serial_of(tmp_path, "1", 0) == (0, b"")


def test_comfyui_runs_with_the_python_of_its_folder(tmp_path: Path) -> None:
    assert ComfyUi(tmp_path).command("127.2.3.4", 8188, tmp_path, tmp_path)[0] == "python3"
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    command = ComfyUi(tmp_path, arguments=("--cpu",)).command("127.2.3.4", 8188, tmp_path, tmp_path / "paths.yaml")
    assert command == [
        str(python),
        str(tmp_path / "main.py"),
        "--listen",
        "127.2.3.4",
        "--port",
        "8188",
        "--extra-model-paths-config",
        str(tmp_path / "paths.yaml"),
        "--cpu",
    ]
    demo = ComfyUi().command("127.2.3.4", 8188, tmp_path, tmp_path)
    assert demo[:3] == [sys.executable, "-m", "manager.adapters.embedded.demo_comfyui"]
    assert ComfyUi().paths() == "{}\n"
