"""The relay's own cookie: who passes, to which box, until when. Signed, not stored.

Cookies know no ports: a browser sends the cookie of one box's relay to the others' too. So each has a name of its own.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

_ALGORITHM = "HS256"
_KIND = "gpubox-relay+jwt"
# What the library would check against the computer's clock is checked here, against the caller's `now`.
_OPTIONS: Any = {"require": ["exp", "sub", "aud", "adr"], "verify_exp": False, "verify_aud": False}
_IPV6_PREFIX = 64
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser that was let in: its session and when that ends, the box, and the network it came from."""

    session: str
    ends: datetime
    box: str
    network: str


def network_of(address: str) -> str:
    """What a cookie is bound to: an IPv4 address, or the /64 of an IPv6 address, which one computer owns."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, _IPV6_PREFIX), strict=False))


def mark_of(box: str) -> str:
    """What tells one box's relay from the others' where a browser sees it: a few letters made from its name."""
    return hashlib.sha256(box.encode()).hexdigest()[:10]


class RelayCookie:
    """Writes and reads the cookie of one box. The secret has at least 32 bytes and outlives a restart."""

    def __init__(self, secret: str, box: str) -> None:
        if len(secret.encode()) < _SECRET_BYTES:
            raise ValueError(f"the secret needs {_SECRET_BYTES} bytes")
        self._secret = secret
        self._box = box
        self._plain_name = f"gpubox-relay-{mark_of(box)}"
        # A page asks three hundred times with one cookie.
        self._visit = lru_cache(maxsize=256)(self._read)

    def write(self, visit: Visit, now: datetime, *, secure: bool) -> str:
        """The value of Set-Cookie.

        Strict: the frame is on the panel's site, so the browser sends it there even where third-party cookies are
        blocked, and never for a page of another site.
        """
        import jwt  # noqa: PLC0415 - brings cryptography along (0.1 s), which the start need not wait for

        claims = {
            "sub": visit.session,
            "aud": visit.box,
            "adr": visit.network,
            "exp": int(visit.ends.timestamp()),
        }
        token = jwt.encode(claims, self._secret, algorithm=_ALGORITHM, headers={"typ": _KIND})
        age = max(0, int((visit.ends - now).total_seconds()))
        cookie = f"{self._name(secure)}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict"
        return f"{cookie}; Secure" if secure else cookie

    def read(self, header: str, address: str, now: datetime, *, secure: bool) -> Visit | None:
        """The visit that one of the cookies proves. A page can add cookies of this name, so each one is tried."""
        wanted = self._name(secure)
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            visit = self._visit(value) if name == wanted else None
            if visit is not None and visit.ends > now and self._is_for(visit, address):
                return visit
        return None

    def _name(self, secure: bool) -> str:
        """On HTTPS the browser itself guarantees that a `__Host-` cookie was set by this very host."""
        return f"__Host-{self._plain_name}" if secure else self._plain_name

    def _is_for(self, visit: Visit, address: str) -> bool:
        return visit.box == self._box and visit.network == network_of(address)

    def _read(self, token: str) -> Visit | None:
        import jwt  # noqa: PLC0415 - as above

        try:
            if jwt.get_unverified_header(token).get("typ") != _KIND:
                return None
            claims = jwt.decode(token, self._secret, algorithms=[_ALGORITHM], options=_OPTIONS)
            ends = datetime.fromtimestamp(int(claims["exp"]), UTC)
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError):
            return None
        return Visit(str(claims["sub"]), ends, str(claims["aud"]), str(claims["adr"]))
