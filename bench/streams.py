"""How long a change takes to reach 200 open event streams; prints JSON, times in milliseconds.

    python bench/streams.py [--streams 200] [--changes 50]

The server and its readers are two processes of this computer, so they share its monotonic clock: each change
carries the moment it was made. Goal: a p99 under 150 ms. For comparison the same moment is sent over bare
sockets by the same event loop (`baseline`), and `over_baseline` is the ratio of the medians.
"""

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

_MADE = re.compile(rb'"made_at": ([\d.]+)')
_PAUSE = 0.2


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--streams", type=int, default=200)
    options.add_argument("--changes", type=int, default=50)
    options.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        asyncio.run(serve())
    else:
        print(json.dumps(measure(chosen.streams, chosen.changes), indent=2))


def measure(streams: int, changes: int) -> dict[str, object]:
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    port, bare_port, token = server.stdout.readline().split()
    asked = f"GET /api/events HTTP/1.1\r\nHost: bench\r\nx-auth-token: {token}\r\n\r\n".encode()
    own = asyncio.run(read_all(int(port), asked, streams, changes))
    bare = asyncio.run(read_all(int(bare_port), b"go\n", streams, changes))
    server.terminate()
    server.wait(10)
    figures = summary(own)
    return {
        "streams": streams,
        "changes": changes,
        **figures,
        "baseline": summary(bare),
        "over_baseline": round(statistics.median(own) / statistics.median(bare), 2),
        "goal_p99_ms": 150,
        "ok": figures["p99_ms"] < 150,
    }


def summary(delays: list[float]) -> dict[str, float]:
    ordered = sorted(delays)
    return {
        "p50_ms": round(statistics.median(ordered) * 1000, 1),
        "p99_ms": round(ordered[int(len(ordered) * 0.99) - 1] * 1000, 1),
        "max_ms": round(ordered[-1] * 1000, 1),
    }


async def read_all(port: int, asked: bytes, streams: int, changes: int) -> list[float]:
    delays: list[float] = []
    opened = asyncio.Barrier(streams)

    async def read() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        writer.write(asked)
        await reader.readline()
        await opened.wait()
        begin, seen = time.monotonic(), 0
        while seen < changes:
            found = _MADE.search(await reader.readline())
            if found and float(found[1]) > begin:
                delays.append(time.monotonic() - float(found[1]))
                seen += 1
        writer.close()

    await asyncio.gather(*(read() for _ in range(streams)))
    return delays


async def serve() -> None:
    root = Path(__file__).parents[1]
    sys.path[0] = str(root)
    sys.path.append(str(root / "tests" / "web"))
    support = import_module("support")
    house: Any = support.build(clock=support.SystemTime())
    bare: set[asyncio.StreamWriter] = set()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"hello\n")
        bare.add(writer)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await house.app(scope, receive, send)

    bare_server = await asyncio.start_server(take, "127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False))
    ticking = asyncio.create_task(change_on(house, bare))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    print(port_of(server.servers[0]), port_of(bare_server), house.token(), flush=True)
    await serving
    ticking.cancel()


def port_of(server: Any) -> int:
    return int(server.sockets[0].getsockname()[1])


async def change_on(house: Any, bare: set[asyncio.StreamWriter]) -> None:
    while True:
        await asyncio.sleep(_PAUSE)
        house.boxes.change("first", made_at=time.monotonic())
        await asyncio.sleep(_PAUSE)
        made = f'"made_at": {time.monotonic()}\n'.encode()
        for writer in bare:
            if not writer.is_closing():
                writer.write(made)


if __name__ == "__main__":
    main()
