"""May this request pass? A function of the request, what the box is told, the sessions that live, and the time.

The request's path plays no part in who passes: nobody without a pass comes to ComfyUI by any path, so that no trick
with one helps. Only a new prompt is told by its path, because none is taken once the guard is about to power off.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gpubox_agent.gate import cookies
from gpubox_agent.gate.addresses import Address, Network, address, bound_to, within
from gpubox_agent.gate.passes import SERVICE, read_pass
from gpubox_agent.gate.refusal import Refused
from gpubox_agent.gate.sessions import Sessions

BROWSER, PROGRAM, MANAGER = "browser", "program", "manager"
# The name in the manager's own service tokens.
_MANAGER_NAME = "manager"
_READING = ("GET", "HEAD")
_NAVIGATION = ("navigate", "nested-navigate")


@dataclass(frozen=True)
class Told:
    """What metadata says. `origins` are the box's own as browsers see it; `relay`: only the manager comes here.

    `allowed` is None where it lists nobody, which is everybody; a list of which nothing can be read lets nobody in.
    """

    box: str
    keys: tuple[Ed25519PublicKey, ...]
    origins: frozenset[str]
    relay: bool
    allowed: tuple[Network, ...] | None = None


@dataclass(frozen=True)
class Request:
    """A request as nginx describes it; what is not there is empty. `path` is still encoded, `id` is nginx's own."""

    address: str
    method: str = "GET"
    origin: str = ""
    site: str = ""
    mode: str = ""
    upgrade: str = ""
    cookie: str = ""
    authorization: str = ""
    path: str = ""
    id: str = ""


@dataclass(frozen=True)
class Passed:
    """Who passes, and until when at the latest (seconds since 1970; None: as long as nothing changes)."""

    who: str
    name: str
    ends: int | None


def decide(request: Request, told: Told, secret: bytes, sessions: Sessions, now: float) -> Passed:
    """Who this is; raises Refused."""
    client = may_come(request.address, told, sessions)
    scheme, _, token = request.authorization.partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return _program(token.strip(), told, now)
    value = cookies.found_in(request.cookie)
    if value is None:
        raise Refused("missing")
    return _browser(cookies.read(value, secret), client, request, told, sessions, now)


def may_come(client: str, told: Told, sessions: Sessions) -> Address:
    """Whether anything may come from this address at all; raises Refused. The manager's own address always may."""
    found, last = address(client), sessions.statement
    if found is None:
        raise Refused("address")
    manager = address(last.address) if last is not None else None
    if found == manager:
        return found
    if told.relay or not _is_allowed(found, told, sessions):
        raise Refused("closed")
    return found


def _is_allowed(client: Address, told: Told, sessions: Sessions) -> bool:
    """The manager's last word counts; before it has spoken, what metadata said at the start."""
    last = sessions.statement
    if last is None:
        return told.allowed is None or within(client, told.allowed)
    return not last.allowed or within(client, last.networks)


def _program(token: str, told: Told, now: float) -> Passed:
    """A bearer token: no page of another site can make a browser send one."""
    read = read_pass(SERVICE, token, told.keys, told.box, now)
    name = str(read.claims.get("sub", ""))
    if name == _MANAGER_NAME:
        # The relay opens a WebSocket with a token of a minute's life; ending it in time is the relay's own work.
        return Passed(MANAGER, name, None)
    return Passed(PROGRAM, name, read.until)


def _browser(
    cookie: cookies.Cookie, client: Address, request: Request, told: Told, sessions: Sessions, now: float
) -> Passed:
    if cookie.box != told.box:
        raise Refused("other_box")
    if now >= cookie.ends:
        raise Refused("expired")
    if cookie.address != bound_to(client):
        raise Refused("address")
    if not sessions.lives(cookie.session):
        raise Refused("ended")
    if not own_request(request, told.origins):
        raise Refused("cross_site")
    return Passed(BROWSER, cookie.session, cookie.ends)


def own_request(request: Request, origins: frozenset[str]) -> bool:
    """Whether a request may be proved by a cookie, which a browser sends along whoever made the page.

    What changes something, and a WebSocket, has to come from a page of the box's own. Opening a page, in the panel's
    frame or by a link, is what the cookie is for; anything else that a page of another site asks for is not.
    """
    if request.method not in _READING or request.upgrade:
        return request.origin in origins and request.site in ("", "same-origin")
    if request.origin and request.origin not in origins:
        return False
    return request.site in ("", "same-origin", "none") or request.mode in _NAVIGATION


def still_may(request: Request, passed: Passed, told: Told, secret: bytes, sessions: Sessions, now: float) -> None:
    """Whether what was let in a while ago, a WebSocket, may stay; raises Refused."""
    if passed.who == MANAGER:
        may_come(request.address, told, sessions)
    else:
        decide(request, told, secret, sessions, now)


def is_prompt(request: Request) -> bool:
    """Whether this asks ComfyUI for a render. Its server decodes a path once, and knows it with and without /api."""
    names = [name for name in unquote(request.path).split("/") if name]
    return request.method not in _READING and names[-1:] == ["prompt"]
