"""The gate as a process, with a metadata server and a ComfyUI beside it, spoken to as nginx does."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from makers import BOX, HERE, MANAGER, MANAGER_KEY, ORIGIN, SAYS, attributes

ROOT = Path(__file__).parents[3]
PATIENCE_S = 20.0


class Beside:
    """The metadata server and ComfyUI, on one port; `silent` makes metadata fail. `heads` came to ComfyUI."""

    def __init__(self) -> None:
        self.attributes = attributes()
        self.silent = False
        self.heads: list[dict[str, str]] = []
        self.port = 0

    async def _metadata(self, request: web.Request) -> web.Response:
        if self.silent:
            raise web.HTTPServiceUnavailable
        name = request.match_info["name"]
        if name == "attributes/":
            return web.json_response(self.attributes, headers={"ETag": str(hash(json.dumps(self.attributes)))})
        return web.Response(text="1234")

    async def _ws(self, request: web.Request) -> web.WebSocketResponse:
        self.heads.append(dict(request.headers))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"heard {message.data}")
        return socket

    @asynccontextmanager
    async def served(self) -> AsyncIterator["Beside"]:
        app = web.Application()
        app.router.add_get("/computeMetadata/v1/instance/{name:.*}", self._metadata)
        app.router.add_get("/ws", self._ws)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()


class RunningGate:
    """One gate; `restart()` is a new process over the same folders."""

    def __init__(self, folder: Path, beside: Beside) -> None:
        self.folder, self.beside = folder, beside
        self.run = folder / "run"
        self.log = folder / "log"
        self._process: asyncio.subprocess.Process | None = None

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "startup" / "agent"),
            "GPUBOX_RUN": str(self.run),
            "GPUBOX_CONFIG": str(self.folder / "box.json"),
            "STATE_DIRECTORY": str(self.folder / "state"),
            "GCE_METADATA_HOST": f"127.0.0.1:{self.beside.port}",
        } | more

    async def start(self, **more: str) -> None:
        self.run.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "gpubox_agent.gate", "--comfyui-port", str(self.beside.port)]
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(*command, env=self.environment(**more), stderr=log)
        await until(self._ready)

    async def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, self.log.read_text()
        try:
            await self.ask("GET", "/_gpubox/health")
        except aiohttp.ClientError:
            return False
        return "told:" in self.log.read_text()

    async def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self._process.wait(), PATIENCE_S)

    async def restart(self) -> None:
        assert await self.stop() == 0
        await self.start()

    async def ask(self, method: str, path: str, data: Any = None, **headers: str) -> tuple[int, Any, Any]:
        """Status, headers and body."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self.run / "gate.sock"))) as client,
            client.request(method, f"http://gate{path}", data=data, headers=sent) as answer,
        ):
            return answer.status, answer.headers, await answer.read()

    async def enter(self, proof: str, address: str = HERE) -> tuple[int, Any, Any]:
        body = json.dumps({"ticket": proof})
        return await self.ask("POST", "/_gpubox/enter", body, X_Gpubox_Address=address, X_Gpubox_Site="same-origin")

    async def check(self, cookie: str, address: str = HERE, **more: str) -> tuple[int, str]:
        """Status, and who passes or why not."""
        asked = {"X_Gpubox_Address": address, "X_Gpubox_Method": "GET", "Cookie": cookie} | more
        status, headers, _ = await self.ask("GET", "/_gpubox/check", **asked)
        return status, headers.get("X-Gpubox-Who") or headers.get("X-Gpubox-Code")

    async def speak(self, *sessions: str, **more: Any) -> tuple[int, Any]:
        body = MANAGER_KEY.statement(BOX, SAYS | {"sessions": list(sessions)} | more, now())
        status, _, answer = await self.ask("POST", "/_gpubox/manager", body, X_Gpubox_Address=MANAGER)
        return status, json.loads(answer)

    async def expect(self, cookie: str, number: str, **more: str) -> tuple[int, str]:
        """Nginx's question about a WebSocket."""
        return await self.check(
            cookie, X_Gpubox_Upgrade="websocket", X_Gpubox_Origin=ORIGIN, X_Gpubox_Request=number, **more
        )

    @asynccontextmanager
    async def socket(self, number: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """What nginx passes on."""
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self.run / "streams.sock"))) as client,
            client.ws_connect("http://comfy.example.com/ws", headers={"X-Gpubox-Request": number}) as socket,
        ):
            yield socket


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the gate is a process of its own, with the computer's clock


def fresh_ticket(session: str = "anna") -> str:
    return MANAGER_KEY.ticket(BOX, session, now() + timedelta(hours=8), now())


async def until(what: Any) -> None:
    """Wait until it is so."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not await what():
        assert asyncio.get_running_loop().time() < deadline, "waited in vain"
        await asyncio.sleep(0.02)
