"""What the routes work with: the collaborators, handed over once, and what the gate found out about a request."""

import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, cast

from starlette.requests import Request
from starlette.types import Scope

from manager.application.login import Login
from manager.application.ports import Clock, TokenClaims
from manager.domain.errors import Fault, NotAuthenticated
from manager.web.assets import Assets
from manager.web.counters import Counters


class Published(Protocol):
    """A state of a box: `body` is the encoded JSON of its status, made once per change."""

    @property
    def id(self) -> str:
        """Grows with each change; a stream goes on after it."""
        ...

    @property
    def body(self) -> bytes:
        """The status, ready to be sent."""
        ...


class BoxService(Protocol):
    """What a person can ask of the boxes. Every call with a name raises UnknownBox."""

    def names(self) -> Sequence[str]:
        """All boxes; the first one is /api/instance."""
        ...

    def status(self, name: str) -> Published:
        """The present state, from memory."""
        ...

    async def start(self, name: str) -> Published:
        """Record that the box is wanted on."""
        ...

    async def stop(self, name: str) -> Published:
        """Record that the box is wanted off."""
        ...

    def keep_alive(self, name: str, active: bool) -> tuple[datetime | None, datetime | None]:
        """Note a person (or, not active, an open tab); the last activity and the moment it would stop."""
        ...

    async def hold(self, name: str, until: datetime | None) -> Published:
        """Keep the box on until then; None ends that."""
        ...

    async def update(self, name: str, comfyui_ref: str | None) -> Published:
        """Record which ComfyUI the box is to run; None is what the settings say."""
        ...

    def activity(self, name: str) -> dict[str, Any]:
        """What keeps the box on, ready for JSON."""
        ...

    async def logs(self, name: str, start: int) -> dict[str, Any]:
        """Serial output from this offset on, and the setup log, ready for JSON."""
        ...

    def changes(self, name: str, last_id: str | None) -> AsyncIterator[Published]:
        """The present state unless `last_id` is it, then each change, for ever."""
        ...

    def frame_source(self, name: str, page: str | None = None) -> str | None:
        """ComfyUI's origins, with blanks between them, where they are known; `page` as of `hosts.page_at`."""
        ...

    def relay(self, name: str, page: str | None = None) -> str | None:
        """Where this browser finds the box's relay; None without one."""
        ...


class AllowService(Protocol):
    """Who may reach the boxes. `visitor` is the address of the one who asks; every call raises UnknownBox."""

    def allowed(self, name: str, visitor: str) -> dict[str, Any]:
        """The list and what it means, ready for JSON."""
        ...

    async def allow(self, name: str, visitor: str, address: str | None, until: datetime | None) -> dict[str, Any]:
        """Let a network in, the visitor's own where none is named; the list then."""
        ...

    async def remove(self, name: str, visitor: str, network: str) -> dict[str, Any]:
        """Let a network in no longer; the list then."""
        ...


class Frame(Protocol):
    """Where a page finds ComfyUI."""

    @property
    def url(self) -> str:
        """With a ticket in its fragment, where the box has a gate."""
        ...

    @property
    def way(self) -> str:
        """plain, domain, tunnel or relay."""
        ...


class FrameService(Protocol):
    """Opens ComfyUI for a session."""

    async def frame(self, name: str, claims: TokenClaims, way: str | None = None, page: str | None = None) -> Frame:
        """The address, through the relay where `way` is "relay"; raises UnknownBox, NothingToFrame."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of the web.

    `ping` tells whether the store can be used (raises StoreUnavailable); `readiness` why the loop is not running,
    None when it is. `public_url` is how browsers see the panel; `trusted_proxies` whose X-Forwarded-* are believed.
    """

    boxes: BoxService
    frames: FrameService
    allowing: AllowService
    login: Login
    clock: Clock
    ping: Callable[[], Awaitable[None]]
    readiness: Callable[[], Fault | None]
    templates: Path
    static: Path
    public_url: str | None = None
    trusted_proxies: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()
    metrics_token: str | None = None
    version: str = ""
    assets: Assets = field(init=False)
    counters: Counters = field(init=False, default_factory=Counters)

    def __post_init__(self) -> None:
        object.__setattr__(self, "assets", Assets(self.static))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: the address behind trusted proxies, whether they use HTTPS, and their session if they have one."""

    address: str
    secure: bool
    claims: TokenClaims | None


def services_of(request: Request) -> Services:
    """The collaborators."""
    return cast("Services", request.app.state.services)


def visitor_of(scope: Scope) -> Visitor:
    """What the gate found out about this request."""
    return cast("Visitor", scope["gpubox.visitor"])


def claims_of(request: Request) -> TokenClaims:
    """The session; the gate lets nobody without one through to where this is asked."""
    claims = visitor_of(request.scope).claims
    if claims is None:
        raise NotAuthenticated(why="missing")
    return claims
