"""Who may come in: programs on this computer, and no page in a browser.

A web page can make a browser send requests to loopback, and DNS rebinding can make it read the answers. Both show:
the first in the Origin and Sec-Fetch-Site headers, the second in a Host that is no loopback name.
"""

from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from manager.adapters.embedded.errors import ApiError


def is_loopback(host: str) -> bool:
    """Tell whether a Host header names this computer."""
    name = host.rsplit("]", 1)[0].lstrip("[") if host.startswith("[") else host.rsplit(":", 1)[0]
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


class OnlyPrograms:
    """ASGI middleware that refuses foreign hosts and browsers with 403."""

    def __init__(self, app: ASGIApp) -> None:
        """Guard `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            from_page = "origin" in headers or headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
            if from_page or not is_loopback(headers.get("host", "")):
                refused = ApiError(403, "forbidden", "Only programs on this computer may use the embedded cloud.")
                await JSONResponse(refused.body(), refused.status)(scope, receive, send)
                return
        await self._app(scope, receive, send)
