"""Who really asks: the address and the scheme behind reverse proxies, believed only where they are trusted."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from starlette.types import Scope

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxies:
    """Reads X-Forwarded-For from the right, past every trusted proxy, to the first address that is not one.

    What stands further left was written by somebody who is not trusted, so it is not looked at.
    """

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self._is_trusted = lru_cache(maxsize=1024)(self._belongs)

    def address(self, scope: Scope) -> str:
        """The visitor's IP address."""
        peer = _peer(scope)
        if not self._trusted or not self._is_trusted(peer):
            return peer
        address = peer
        for hop in reversed(header_values(scope, b"x-forwarded-for")):
            candidate = _bare(hop)
            if candidate is None:
                break
            address = candidate
            if not self._is_trusted(candidate):
                break
        return address

    def secure(self, scope: Scope) -> bool:
        """Whether the visitor uses HTTPS."""
        if self._trusted and self._is_trusted(_peer(scope)):
            said = header_values(scope, b"x-forwarded-proto")
            if said:
                return said[-1].lower() == "https"
        return scope.get("scheme") in ("https", "wss")

    def _belongs(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self._trusted)


def header_values(scope: Scope, name: bytes) -> list[str]:
    """The comma-separated values of a header that may come several times."""
    joined = b",".join(value for key, value in scope["headers"] if key == name)
    return [part for each in joined.decode("latin-1").split(",") if (part := each.strip())]


def forwarded(scope: Scope) -> bool:
    """Whether any proxy says that it passed this request on."""
    return any(name in (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via") for name, _ in scope["headers"])


def is_loopback(address: str) -> bool:
    """Whether this is the computer itself."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _bare(hop: str) -> str | None:
    """The address without the port that some proxies add; None for what is no address."""
    text = hop.strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
