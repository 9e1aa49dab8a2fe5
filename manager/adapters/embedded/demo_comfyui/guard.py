"""Who may speak with the demo, and to whom its page may speak. Pure ASGI: a WebSocket is guarded too.

- As in ComfyUI, pages of other sites are refused: by `Sec-Fetch-Site` where the browser sends it, and on loopback by
  comparing Origin with Host. Unlike ComfyUI, no name is looked up: `localhost` and literal addresses are loopback.
- Opening the page, in a frame too, is open to every site. (ComfyUI up to 0.3.64 does so; newer ones answer 403 and
  need a proxy that drops `Sec-Fetch-Site`. Two addresses of 127.0.0.0/8 are two sites.)
- The page's policy lets it load from and speak to this server only, so that a demo never sends a packet beyond
  loopback. Any site may frame it, as with ComfyUI.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The sources that ComfyUI itself allows with --disable-api-nodes; media and workers are ours.
POLICY = (
    "default-src 'self'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; "
    "media-src 'self' data: blob:; "
    "font-src 'self' data:; "
    "connect-src 'self' data: blob:; "
    "worker-src 'self' blob:; "
    "frame-src 'self'; "
    "object-src 'self'"
)


class Guard:
    """Middleware around the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with the policy added to what comes back."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if is_foreign(Headers(scope=scope), scope.get("method", "GET")):
            # Starlette's answer to a WebSocket is a refused handshake with the same status.
            await Response(status_code=403)(scope, receive, send)
            return

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("Content-Security-Policy", POLICY)
            await send(message)

        await self._app(scope, receive, with_policy)


def is_foreign(headers: Headers, method: str = "GET") -> bool:
    """Tell whether a request comes from a page of another site, which is more than being opened from there."""
    opened = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
    if headers.get("sec-fetch-site") == "cross-site" and not opened:
        return True
    host, origin = headers.get("host", "").lower(), headers.get("origin", "").lower()
    named = urlsplit(f"//{host}")
    if not origin or not _is_loopback(named.hostname):
        return False
    parsed = urlsplit(origin)
    # A port that one side leaves out is not compared.
    if parsed.port is None or named.port is None:
        return parsed.hostname != named.hostname
    return parsed.netloc != host


def _is_loopback(name: str | None) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False
