"""ASGI middleware that holds the traffic of real clients against the discovery document."""

import json
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.adapters.embedded.discovery import Discovery

PREFIX = "/compute/v1/"


class Judge:
    """Collects complaints while it passes everything on. `seen` counts what was judged."""

    def __init__(self, discovery: Discovery) -> None:
        self.discovery = discovery
        self.complaints: list[str] = []
        self.seen: list[str] = []

    def around(self, app: ASGIApp) -> ASGIApp:
        async def judged(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
                await app(scope, receive, send)
                return
            request, response = bytearray(), bytearray()
            status = 0

            async def received() -> Message:
                message = await receive()
                request.extend(message.get("body", b""))
                return message

            async def sent(message: Message) -> None:
                nonlocal status
                status = message.get("status", status)
                response.extend(message.get("body", b""))
                await send(message)

            await app(scope, received, sent)
            self.judge(scope, bytes(request), status, bytes(response))

        return judged

    def judge(self, scope: Scope, request: bytes, status: int, response: bytes) -> None:
        verb, path = scope["method"], scope["path"][len(PREFIX) :]
        self.seen.append(f"{verb} {path}")
        asked = _loaded(request)
        wrong: list[str] = []
        if status < 400:  # a wrong request that was refused is as it should be
            wrong += self.discovery.request(verb, path, scope["query_string"].decode(), asked)
        if status:  # an answer that a fault took away cannot be judged
            wrong += self.discovery.response(verb, path, status, _loaded(response))
        self.complaints += [f"{verb} {path}: {complaint}" for complaint in wrong]


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(content) if content.strip() else None
    except ValueError:
        return content.decode(errors="replace")
