"""From process start to /readyz, and memory at rest, beside what a bare web server and the Google client cost.

    python bench/start.py [--rounds 5]

Prints JSON. Goals: ready within 1.0 s; at rest at most 90 MB more than a process that has only imported Google's
client; the embedded cloud, a process of its own, at most 80 MB. Byte code is compiled before, as after any first
start. `ready_share` compares with a bare FastAPI application on the same server, started in turn with ours.
"""

import argparse
import compileall
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BARE = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/readyz")
def ready() -> dict[str, bool]:
    return {"ready": True}
uvicorn.run(app, port=int(sys.argv[1]), log_level="critical")
"""
GOOGLE = "import google.cloud.compute_v1, time, sys; print('imported', flush=True); time.sleep(60)"
GOALS = {"ready_s": 1.0, "beyond_google_mb": 90, "embedded_mb": 80}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    rounds: int = options.parse_args().rounds
    compileall.compile_dir(ROOT / "manager", quiet=1)
    google = memory_of_google()
    ready: list[float] = []
    bare: list[float] = []
    at_rest = embedded = 0.0
    for number in range(rounds):
        bare.append(seconds_to_ready([sys.executable, "-c", BARE], {}))
        with tempfile.TemporaryDirectory() as state:
            own = {"STATE_DIR": state, "EMBEDDED_CLOUD_SPEED": "0", "AUTH_PASSWORD": "bench-only-password"}
            last = number == rounds - 1
            process, seconds = start([sys.executable, "-m", "manager", "serve"], own)
            ready.append(seconds)
            if last:
                at_rest, embedded = memory_at_rest(process.pid)
            stop(process)
    figures = {
        "ready_s": round(statistics.median(ready), 2),
        "ready_share": round(statistics.median(own / other for own, other in zip(ready, bare, strict=True)), 2),
        "bare_s": round(statistics.median(bare), 2),
        "at_rest_mb": round(at_rest),
        "google_mb": round(google),
        "beyond_google_mb": round(at_rest - google),
        "embedded_mb": round(embedded),
    }
    print(json.dumps(figures | {"goals": GOALS, "ok": all(figures[key] <= goal for key, goal in GOALS.items())}))


def seconds_to_ready(command: list[str], extra: dict[str, str]) -> float:
    process, seconds = start(command, extra)
    stop(process)
    return seconds


def start(command: list[str], extra: dict[str, str]) -> tuple[subprocess.Popen[bytes], float]:
    port = free_port()
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")}
    own = command if "-m" in command else [*command, str(port)]
    begun = time.perf_counter()
    process = subprocess.Popen(
        own,
        cwd=ROOT,
        env=kept | {"PORT": str(port)} | extra,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while time.perf_counter() < begun + 60:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return process, time.perf_counter() - begun
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.005)
    stop(process)
    raise SystemExit("never ready: " + " ".join(own))


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def memory_of_google() -> float:
    process = subprocess.Popen([sys.executable, "-c", GOOGLE], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    used = memory(process.pid)
    process.kill()
    process.wait()
    process.stdout.close()
    return used


def memory_at_rest(pid: int) -> tuple[float, float]:
    """Wait until memory has stopped growing: Google's client is loaded after the panel is ready."""
    before, still = 0.0, 0
    while still < 8:
        time.sleep(0.5)
        now = memory(pid)
        still = still + 1 if now <= before * 1.01 and now > 150 else 0
        before = now
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return before, max((memory(int(child)) for child in children), default=0.0)


def memory(pid: int) -> float:
    """Resident memory in MB (2^20 bytes)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
