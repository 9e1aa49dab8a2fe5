"""HTTP on the unix socket: what nginx asks, what browsers and the manager send through it."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gpubox_agent.gate.decide import Request
from gpubox_agent.gate.gate import Gate
from gpubox_agent.gate.quiet import Refusals
from gpubox_agent.gate.refusal import Refused
from gpubox_agent.gate.streams import Streams
from gpubox_agent.gate.upgrades import Upgrades

# A statement of a thousand sessions has about 40 KB.
_LARGEST_BODY = 256 * 1024
_PASSED = 204
_NO_STORE = {"Cache-Control": "no-store"}
# Where another ticket would not help, nginx has pages of its own; everything else is 401.
_STATUSES = {"closed": 403, "closing": 503, "unavailable": 503}


def application(gate: Gate, refusals: Refusals, upgrades: Upgrades, streams: Streams) -> web.Application:
    """The routes."""

    async def check(asked: web.Request) -> web.Response:
        """What nginx asks about a request: 204 with who it is; 401, 403 or 503 with why not."""
        request = described(asked.headers)
        try:
            passed = gate.check(request)
        except Refused as refused:
            refusals.note(refused.code, request.address, f"{request.method} {request.path[:80]}")
            headers = {"X-Gpubox-Code": refused.code} | _NO_STORE
            return web.Response(status=_STATUSES.get(refused.code, 401), headers=headers)
        upgrades.expect(request, passed)
        return web.Response(status=_PASSED, headers={"X-Gpubox-Who": passed.who})

    async def enter(asked: web.Request) -> web.Response:
        """A browser shows its ticket and gets the box's cookie."""
        request = described(asked.headers)
        try:
            cookie = gate.enter(_ticket(await asked.read()), request)
        except Refused as refused:
            refusals.note(refused.code, request.address, "a ticket")
            return _refusal(refused)
        return web.Response(status=204, headers={"Set-Cookie": cookie} | _NO_STORE)

    async def manager(asked: web.Request) -> web.Response:
        """The manager speaks."""
        address = asked.headers.get("X-Gpubox-Address", "")
        try:
            report = gate.hear((await asked.read()).decode("ascii", "replace").strip(), address)
        except Refused as refused:
            refusals.note(refused.code, address, "a statement")
            return _refusal(refused, now=round(gate.clock.now()))
        streams.look_again()
        return web.json_response(report, headers=_NO_STORE)

    async def health(_: web.Request) -> web.Response:
        """The gate runs."""
        return web.Response(status=204)

    async def bare(_: web.Request, answer: web.StreamResponse) -> None:
        """Nobody asks for these, and nginx reads an answer that it keeps for each request."""
        for name in ("Server", "Date", "Content-Type") if answer.status == _PASSED else ("Server", "Date"):
            answer.headers.pop(name, None)

    app = web.Application(client_max_size=_LARGEST_BODY)
    app.on_response_prepare.append(bare)
    app.add_routes(
        [
            web.get("/_gpubox/check", check),
            web.post("/_gpubox/enter", enter),
            web.post("/_gpubox/manager", manager),
            web.get("/_gpubox/health", health),
        ]
    )
    return app


def described(headers: Mapping[str, str]) -> Request:
    """The request that nginx describes."""
    return Request(
        address=headers.get("X-Gpubox-Address", ""),
        method=headers.get("X-Gpubox-Method", ""),
        origin=headers.get("X-Gpubox-Origin", ""),
        site=headers.get("X-Gpubox-Site", ""),
        mode=headers.get("X-Gpubox-Mode", ""),
        upgrade=headers.get("X-Gpubox-Upgrade", ""),
        cookie=headers.get("Cookie", ""),
        authorization=headers.get("Authorization", ""),
        path=headers.get("X-Gpubox-Uri", "").partition("?")[0],
        id=headers.get("X-Gpubox-Request", ""),
    )


def _ticket(body: bytes) -> str:
    try:
        ticket: Any = json.loads(body)["ticket"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused("malformed") from None
    if not isinstance(ticket, str):
        raise Refused("malformed")
    return ticket


def _refusal(refused: Refused, **more: Any) -> web.Response:
    status = _STATUSES.get(refused.code, 401)
    return web.json_response({"code": refused.code} | more, status=status, headers=_NO_STORE)
