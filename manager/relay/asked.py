"""A request as the relay judges it: who asks, over what, from which page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from manager.web.credentials import Proof, own_request, read_proof
from manager.web.hosts import host_in
from manager.web.proxies import Proxies

_SAFE = ("GET", "HEAD")


@dataclass(frozen=True)
class Asked:
    """One request. `target` is the path with its query as sent; `address` the visitor's, behind trusted proxies."""

    method: str
    target: str
    address: str
    secure: bool
    proof: Proof
    is_socket: bool
    is_service_worker: bool

    @cached_property
    def scheme(self) -> str:
        """`https` or `http`, as the browser sees it."""
        return "https" if self.secure else "http"

    @cached_property
    def host(self) -> str:
        """The host's name as the browser sees it, without the port; empty where it is none."""
        return host_in(self.proof.host)

    def comes_from_own_page(self, relay_url: str) -> bool:
        """Whether the relay's cookie may prove this request.

        A request that changes something, and each WebSocket, has to name the relay's own origin or say that it is
        same-origin. What comes from elsewhere may only open ComfyUI's page: in the frame, or from a link.
        """
        # Not all browsers send Sec-Fetch-Site with WebSockets, but all send Origin.
        method = "POST" if self.is_socket else self.method
        if self.proof.origin:
            said = Proof(host=self.proof.host, origin=self.proof.origin)
            if not own_request(said, method, self.secure, relay_url):
                return False
        if own_request(self.proof, method, self.secure, relay_url):
            return True
        opens_page = self.proof.mode == "navigate" and self.target.partition("?")[0] == "/"
        return opens_page and self.method in _SAFE and not self.is_socket


def read_request(
    method: str,
    target: str,
    raw_headers: Sequence[tuple[bytes, bytes]],
    peer: str,
    proxies: Proxies,
    relay_url: str,
) -> Asked:
    """What a request says of itself. `peer` is the address it came from."""
    headers = [(name.lower(), value) for name, value in raw_headers]
    scope: dict[str, Any] = {"type": "http", "client": (peer, 0), "scheme": "http", "headers": headers}
    values = dict(headers)
    return Asked(
        method=method,
        target=target,
        address=proxies.address(scope),
        secure=relay_url.startswith("https://") or proxies.secure(scope),
        proof=read_proof(scope),
        is_socket=values.get(b"upgrade", b"").strip().lower() == b"websocket",
        is_service_worker=b"service-worker" in values,
    )


def panel_origins(asked: Asked, panel_url: str) -> list[str]:
    """Who may frame ComfyUI: the panel by its own name, and by the name that this browser knows the host by.

    A panel without PUBLIC_URL may be open as localhost, 127.0.0.1 or by an address in the network; whatever it is,
    the same host at the panel's port is the panel.
    """
    panel = urlsplit(panel_url)
    origins = [f"{panel.scheme}://{panel.netloc}"]
    if asked.host and asked.scheme == panel.scheme:
        port = f":{panel.port}" if panel.port else ""
        same_host = f"{panel.scheme}://{asked.host}{port}"
        if same_host not in origins:
            origins.append(same_host)
    return origins
