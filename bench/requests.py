"""Requests a second of the hot routes, as a share of a bare FastAPI JSON route on the same server; prints JSON.

    python bench/requests.py [--seconds 4] [--rounds 3]

All routes are served by one uvicorn process and measured with wrk, in turn, so that a busy computer slows all of
them. `share` is the median over the rounds. Goal: 0.5 and more.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"active": true}'
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=4, help="per measurement")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        serve(chosen.serve)
    else:
        print(json.dumps(measure(chosen.seconds, chosen.rounds), indent=2))


def measure(seconds: int, rounds: int) -> dict[str, object]:
    port = free_port()
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(port)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    token = server.stdout.readline().strip()
    base = f"http://127.0.0.1:{port}"
    wait_for(f"{base}/healthz")
    routes = {"bare": "/bare", "status": "/api/instance/status", "keep_alive": "/api/instance/keep-alive"}
    figures: dict[str, list[float]] = {name: [] for name in routes}
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as lua:
        lua.write(LUA)
        lua.flush()
        for _ in range(rounds):
            for name, path in routes.items():
                script = ["-s", lua.name] if name == "keep_alive" else []
                figures[name].append(wrk([*script, "-H", f"x-auth-token: {token}", base + path], seconds))
    server.terminate()
    server.wait(10)
    shares = {
        name: round(statistics.median(own / bare for own, bare in zip(figures[name], figures["bare"], strict=True)), 3)
        for name in ("status", "keep_alive")
    }
    return {
        "requests_per_second": {name: round(statistics.median(each)) for name, each in figures.items()},
        "share": shares,
        "goal": 0.5,
        "ok": all(share >= 0.5 for share in shares.values()),
    }


def wrk(arguments: list[str], seconds: int) -> float:
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", *arguments]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in out, out
    return float(next(line for line in out.splitlines() if line.startswith("Requests/sec")).split()[1])


def serve(port: int) -> None:
    house = panel()
    bare = FastAPI()

    @bare.get("/bare")
    async def answer() -> dict[str, object]:
        return {"last_activity": "2026-11-21T12:00:00Z", "stops_at": "2026-11-21T12:30:00Z"}

    _ = answer

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        await (bare if scope["path"] == "/bare" else house.app)(scope, receive, send)

    print(house.token(), flush=True)
    uvicorn.run(both, port=port, lifespan="off", log_config=None, access_log=False, http="httptools", loop="uvloop")


def panel() -> Any:
    """The web application around the tests' in-memory boxes."""
    root = Path(__file__).parents[1]
    sys.path[0] = str(root)  # instead of this folder, whose files bear the names of libraries
    sys.path.append(str(root / "tests" / "web"))
    support = import_module("support")
    return support.build(clock=support.SystemTime())


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(url: str) -> None:
    for _ in range(100):
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(url)


if __name__ == "__main__":
    main()
