r"""Boxes with nothing on them but the guard, and a ComfyUI that is told what to say of itself.

with guarded_box(tmp_path, agent, minutes=0.2) as box:
    box.boot()
    begin_comfyui(box)
    begin_guard(box)
"""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.container import ContainerBox, container_box
from tests.support.vm import VirtualMachine

STARTUP = Path(__file__).parents[2] / "startup"
_UNITS = Path("/etc/systemd/system")
# Says what /run/says holds: {"person": n, "queue": n, "progress": n}. A count may be the word "moves".
COMFYUI = """\
import http.server, json, time
def count(word):
    return int(time.monotonic()) if word == "moves" else word
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        says = json.load(open("/run/says"))
        body = {"version": 1, "boot_id": "a", "person": {"count": count(says["person"]), "age_s": 0.5},
                "queue": {"running": says["queue"], "pending": 0},
                "progress": {"count": count(says["progress"]), "age_s": 0.5}}
        raw = json.dumps(body).encode()
        self.send_response(200 if self.path == "/gpubox/presence" else 404)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8188), Answers).serve_forever()
"""


def install_agent(folder: Path) -> Path:
    """The environment of the box's programs, as provisioning makes it, from the hash-locked list."""
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", "/usr/bin/python3", str(folder)], check=True)  # noqa: S603
    install = [*uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), "--require-hashes"]
    subprocess.run([*install, "--requirement", str(STARTUP / "agent" / "requirements.txt")], check=True)  # noqa: S603
    return folder


@contextmanager
def guarded_box(folder: Path, agent: Path, *, minutes: float, hours: float = 0) -> Generator[ContainerBox]:
    """Make a box that is off. The guard is installed and not enabled, so that a test says when it begins."""
    metadata = {"gpubox-guard-minutes": f"{minutes:g}", "gpubox-max-run-hours": f"{hours:g}"}
    with container_box(folder, metadata=metadata, disk=None, internet=False) as box:
        box.folders |= {"/opt/gpubox/bundle": STARTUP, "/opt/gpubox/agent/current": agent}
        for unit in ("gpubox-guard.service", "gpubox-models.service", "gpubox-warmup.service"):
            box.put(str(_UNITS / unit), (STARTUP / "systemd" / unit).read_bytes())
        box.put("/usr/local/lib/comfyui.py", COMFYUI)
        yield box


def begin_guard(box: ContainerBox) -> None:
    """Start it, and wait until it has looked once."""
    box.run(["systemctl", "start", "gpubox-guard.service"])
    box.wait_for(lambda: report(box))


def begin_comfyui(box: ContainerBox | VirtualMachine, *, queue: int = 0, progress: object = 0) -> None:
    """Start the ComfyUI, and wait until it answers."""
    comfyui_says(box, queue=queue, progress=progress)
    box.run(["systemd-run", "--quiet", "--unit=comfyui", "python3", "/usr/local/lib/comfyui.py"])
    box.wait_for(lambda: box.run("curl -fsS http://127.0.0.1:8188/gpubox/presence", check=False).returncode == 0)


def comfyui_says(
    box: ContainerBox | VirtualMachine, *, person: object = 0, queue: int = 0, progress: object = 0
) -> None:
    """From now on it says this."""
    body = json.dumps({"person": person, "queue": queue, "progress": progress})
    box.run(["sh", "-c", f"echo '{body}' >/run/says.new && mv /run/says.new /run/says"])


def report(box: ContainerBox) -> dict[str, Any]:
    """The guard's own; empty before there is one."""
    try:
        return json.loads((box.root / "run/gpubox/guard.json").read_text())
    except (OSError, ValueError):
        return {}


def watches_for(box: ContainerBox, seconds: float) -> None:
    """Wait until the guard has watched that much longer, and see that the box is still on."""
    until = report(box)["at"] + seconds
    box.wait_for(lambda: not box.is_running or report(box).get("at", 0) >= until, seconds + 30)
    assert box.is_running, box.serial()[-3000:]
