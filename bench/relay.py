"""What the relay costs: requests and bytes a second through it, beside the same TLS server without; prints JSON.

    python bench/relay.py [--seconds 4] [--upload-mb 1024]

Box, relay and client are three processes of this computer. The box is a TLS server that knows nothing but its
figures; the client asks it directly over TLS, and through the relay over HTTP, with the same number of connections.
`ratio` is relay over direct. While `upload-mb` go up and come down, the relay's memory (MiB) must stay where it was.
"""

import argparse
import asyncio
import json
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from aiohttp import web

MIB = 1024 * 1024
CONNECTIONS = 32
ROUND_TRIPS = 2000
# More than this, and something of a transfer was kept.
GOAL_GROWTH_MIB = 48


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=4)
    options.add_argument("--upload-mb", type=int, default=1024)
    options.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options.add_argument("--box", default="", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        role, folder = chosen.serve
        uvloop.run(serve_box(Path(folder)) if role == "box" else serve_relay(Path(folder), chosen.box))
    else:
        print(json.dumps(uvloop.run(measure(chosen.seconds, chosen.upload_mb)), indent=2))


async def measure(seconds: float, upload_mb: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        house().certificate(Path(folder) / "box.pem")
        box, _ = started(running, "box", folder)
        relay, cookie, process = started_relay(running, folder, box)
        ways: dict[str, tuple[str, dict[str, str]]] = {
            "direct": (box, {}),
            "relay": (relay, {"Cookie": cookie, "Origin": relay}),
        }
        resting = resident(process)
        small = {name: await requests(*way, seconds) for name, way in ways.items()}
        down = {name: await download(*way, upload_mb) for name, way in ways.items()}
        up = {name: await upload(*way, upload_mb) for name, way in ways.items()}
        talk = {name: await messages(*way) for name, way in ways.items()}
        growth = peak(process) - resting
    return {
        "connections": CONNECTIONS,
        "requests_per_s": with_ratio(small),
        "download_mib_per_s": with_ratio(down),
        "upload_mib_per_s": with_ratio(up),
        "websocket_round_trip_ms": with_ratio(talk),
        "memory_mib": {"resting": resting, "growth_at_most": growth, "passed": 2 * upload_mb},
        "goal_growth_mib": GOAL_GROWTH_MIB,
        "ok": growth < GOAL_GROWTH_MIB,
    }


def with_ratio(figures: dict[str, float]) -> dict[str, float]:
    return {**{name: round(value, 2) for name, value in figures.items()}, "ratio": ratio(figures)}


def ratio(figures: dict[str, float]) -> float:
    return round(figures["relay"] / figures["direct"], 2)


def browser(headers: dict[str, str]) -> aiohttp.ClientSession:
    unchecked = ssl.create_default_context()
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    return aiohttp.ClientSession(
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, ssl=unchecked),
        timeout=aiohttp.ClientTimeout(total=600),
        read_bufsize=256 * 1024,
    )


async def requests(url: str, headers: dict[str, str], seconds: float) -> float:
    """Small answers a second, over connections that stay open."""
    count = 0

    async def ask(client: aiohttp.ClientSession, until: float) -> None:
        nonlocal count
        while time.monotonic() < until:
            async with client.get(f"{url}/api/queue") as answer:
                await answer.read()
                assert answer.status == 200
            count += 1

    async with browser(headers) as client:
        began = time.monotonic()
        await asyncio.gather(*(ask(client, began + seconds) for _ in range(CONNECTIONS)))
        return count / (time.monotonic() - began)


async def download(url: str, headers: dict[str, str], size: int) -> float:
    """MiB a second of one large answer."""
    async with browser(headers) as client:
        began = time.monotonic()
        async with client.get(f"{url}/view?mib={size}") as answer:
            received = 0
            async for piece in answer.content.iter_any():
                received += len(piece)
        assert received == size * MIB
        return size / (time.monotonic() - began)


async def upload(url: str, headers: dict[str, str], size: int) -> float:
    """MiB a second of one large request."""

    async def body() -> AsyncIterator[bytes]:
        for _ in range(size):
            yield bytes(MIB)

    async with browser(headers) as client:
        began = time.monotonic()
        async with client.post(f"{url}/upload/image", data=body()) as answer:
            assert (await answer.text()) == str(size * MIB)
        return size / (time.monotonic() - began)


async def messages(url: str, headers: dict[str, str]) -> float:
    """The median of a message's way there and back, in milliseconds."""
    async with browser(headers) as client, client.ws_connect(f"{url.replace('http', 'ws', 1)}/ws") as talk:
        taken: list[float] = []
        for _ in range(ROUND_TRIPS):
            began = time.monotonic()
            await talk.send_bytes(b"x" * 200)
            await talk.receive_bytes()
            taken.append(time.monotonic() - began)
        return statistics.median(taken) * 1000


def house() -> Any:
    """The tests' certificate, sessions and tickets."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    return import_module("tests.relay.house")


def started(running: ExitStack, role: str, folder: str, *more: str) -> tuple[str, subprocess.Popen[str]]:
    """A process of this file, and what it said first."""
    command = [sys.executable, __file__, "--serve", role, folder, *more]
    process = running.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    running.callback(process.terminate)
    assert process.stdout is not None
    return process.stdout.readline().strip(), process


def started_relay(running: ExitStack, folder: str, box: str) -> tuple[str, str, subprocess.Popen[str]]:
    said, process = started(running, "relay", folder, "--box", box)
    url, _, cookie = said.partition(" ")
    return url, cookie, process


async def serve_box(folder: Path) -> None:
    async def answer(asked: web.BaseRequest) -> web.StreamResponse:
        if asked.path == "/view":
            pouring = web.StreamResponse(headers={"Content-Length": str(int(asked.query["mib"]) * MIB)})
            await pouring.prepare(asked)
            for _ in range(int(asked.query["mib"])):
                await pouring.write(bytes(MIB))
            return pouring
        if asked.path == "/ws":
            talk = web.WebSocketResponse(compress=False)
            await talk.prepare(asked)
            async for message in talk:
                await talk.send_bytes(message.data)
            return talk
        size = 0
        async for piece in asked.content.iter_any():
            size += len(piece)
        return web.Response(text=str(size))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "box.pem")
    server = web.Server(answer, access_log=None, read_bufsize=256 * 1024)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0, ssl=context)
    print(f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
    await listening.serve_forever()


async def serve_relay(folder: Path, box: str) -> None:
    """The relay as the panel makes it, on the event loop that the panel uses."""
    from manager.relay import Relay, RelaySettings, Target  # noqa: PLC0415 - of this process only
    from manager.relay.cookie import RelayCookie, Visit  # noqa: PLC0415 - as above

    support = house()
    pem = (folder / "box.pem").read_text(encoding="ascii")
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    target = Target(box, pem[pem.index("-----BEGIN CERTIFICATE") :], support.BEARER)
    clock = support.Clock()
    relay = Relay(
        listener,
        RelaySettings(support.BOX, url, support.PANEL_URL, support.SECRET),
        targets=lambda box: target if box == support.BOX else None,
        tickets=support.tickets(support.Passes(bytes(32)), lambda: [support.BOX], clock.now),
        sessions=support.Sessions(),
        now=clock.now,
    )
    await relay.open()
    now = datetime.now(UTC)  # noqa: TID251 - a measurement in the computer's time
    visit = Visit("bench", now + timedelta(hours=1), support.BOX, "127.0.0.1")
    cookie = RelayCookie(support.SECRET, support.BOX).write(visit, now, secure=False).partition(";")[0]
    print(url, cookie, flush=True)
    await asyncio.Event().wait()


def resident(process: subprocess.Popen[str]) -> int:
    return of_status(process, "VmRSS")


def peak(process: subprocess.Popen[str]) -> int:
    return of_status(process, "VmHWM")


def of_status(process: subprocess.Popen[str], name: str) -> int:
    """A figure of the process in MiB, as Linux has it."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
