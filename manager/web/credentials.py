"""Where a session's token may come in, and when a cookie is not to be believed.

A page of another site can make a browser send the cookie; a page on the box (comfy.example.com) can even do so
within SameSite, because it shares the panel's site. So a request that is proved by the cookie alone must come
from the panel's own origin:

==================  ============================================================
Sec-Fetch-Site      same-origin: yes. none (typed into the address bar): only to read. same-site, cross-site: no
not sent            (plain HTTP on a network, old browsers) Origin must be the panel's own; without Origin only to read
navigation          opening a page from a link elsewhere is reading, and pages are open to it
==================  ============================================================

A token in a header needs none of this: no page of another origin can set these headers.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import Scope

_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Credential:
    """A token, and whether the browser sent it by itself."""

    token: str
    by_cookie: bool


@dataclass(slots=True)
class Proof:
    """The headers that matter here, read in one pass."""

    host: str = ""
    token: str = ""
    authorization: str = ""
    cookie: str = ""
    site: str = ""
    mode: str = ""
    origin: str = ""


_FIELDS = {
    b"host": "host",
    b"x-auth-token": "token",
    b"authorization": "authorization",
    b"cookie": "cookie",
    b"sec-fetch-site": "site",
    b"sec-fetch-mode": "mode",
    b"origin": "origin",
}


def read_proof(scope: Scope) -> Proof:
    """The headers of a request."""
    proof = Proof()
    for name, value in scope["headers"]:
        field = _FIELDS.get(name)
        if field is not None:
            setattr(proof, field, value.decode("latin-1"))
    return proof


def cookie_name(secure: bool) -> str:
    """On HTTPS the browser itself guarantees that a `__Host-` cookie was set by this very host."""
    return "__Host-gpubox" if secure else "gpubox"


def credentials_in(proof: Proof, secure: bool) -> list[Credential]:
    """The tokens that were sent: the one in x-auth-token or the bearer, else those in cookies of our name.

    Cookies know no ports and, without HTTPS, no prefix that binds them: a page on another port of this host can add
    cookies of our name, which come first where their path is longer. They prove nothing, and must not hide the one
    that does.
    """
    if proof.token:
        return [Credential(proof.token, by_cookie=False)]
    scheme, _, value = proof.authorization.partition(" ")
    if scheme.lower() == "bearer":
        return [Credential(value.strip(), by_cookie=False)]
    wanted = cookie_name(secure)
    found: dict[str, None] = {}
    for pair in proof.cookie.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == wanted and value:
            found[value] = None
    return [Credential(value, by_cookie=True) for value in found]


def own_request(proof: Proof, method: str, secure: bool, public_url: str | None) -> bool:
    """Whether a request may be proved by a cookie: it comes from the panel's own origin, or from nobody's."""
    if proof.site:
        return proof.site == "same-origin" or (proof.site == "none" and method in _SAFE)
    if proof.origin:
        return proof.origin in _origins(proof, secure, public_url)
    return method in _SAFE


def _origins(proof: Proof, secure: bool, public_url: str | None) -> set[str]:
    own = {f"{'https' if secure else 'http'}://{proof.host}"}
    if public_url:
        parts = urlsplit(public_url)
        own.add(f"{parts.scheme}://{parts.netloc}")
    return own
