"""An in-memory BoxService, a clock that stands still, and the application around them."""

import asyncio
import ipaddress
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from allowances import MemoryAllowing
from fastapi import FastAPI

from manager.adapters.tokens import JwtTokens
from manager.application.limiter import Guesses
from manager.application.login import Login
from manager.application.ports import TokenClaims
from manager.domain.errors import Fault, NothingToFrame, UnknownBox
from manager.web.app import create_app
from manager.web.deps import Services
from tests.support.clock import ManualClock
from tests.support.login import LoginStore, QuickPasswords
from tests.support.statuses import at_rest

ROOT = Path(__file__).parents[2]
SECRET = "a-secret-of-the-tests-with-enough-bytes"
PASSWORD = "the right one"


class SystemTime(ManualClock):
    """Goes on by itself, for measurements."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251


@dataclass(frozen=True)
class Snapshot:
    """A published state."""

    id: str
    body: bytes


@dataclass(frozen=True)
class Frame:
    """Where ComfyUI is."""

    url: str
    way: str


@dataclass
class MemoryBoxes:
    """Boxes without a cloud: what is asked for is what happens."""

    clock: ManualClock
    known: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    number: int = 0
    source: str | None = "http://127.0.0.9:8188"
    endless: bool = True
    relayed: bool = False
    pages: list[str | None] = field(default_factory=list[str | None])
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        for name in ("first", "second"):
            self.known[name] = status_of(name)

    def names(self) -> Sequence[str]:
        return list(self.known)

    def status(self, name: str) -> Snapshot:
        if name not in self.known:
            raise UnknownBox(name=name)
        return Snapshot(str(self.number), json.dumps(self.known[name]).encode())

    def change(self, name: str, **values: Any) -> Snapshot:
        self.status(name)
        self.known[name].update(values)
        self.number += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        return self.status(name)

    async def start(self, name: str) -> Snapshot:
        return self.change(name, intent="on", phase="starting", status="STAGING")

    async def stop(self, name: str) -> Snapshot:
        return self.change(name, intent="off", phase="stopping", status="STOPPING")

    def keep_alive(self, name: str, active: bool) -> tuple[datetime | None, datetime | None]:
        self.status(name)
        return (self.clock.now(), self.clock.now() + timedelta(minutes=30)) if active else (None, None)

    async def hold(self, name: str, until: datetime | None) -> Snapshot:
        return self.change(name, hold_until=until.isoformat() if until else None)

    async def update(self, name: str, comfyui_ref: str | None) -> Snapshot:
        return self.change(name, comfyui={"asked": comfyui_ref, "version": "0.33.0"})

    def activity(self, name: str) -> dict[str, Any]:
        self.status(name)
        return {"signals": []}

    async def logs(self, name: str, start: int) -> dict[str, Any]:
        self.status(name)
        return {"serial": {"text": "", "start": start, "next": start}, "setup": {}}

    async def changes(self, name: str, last_id: str | None) -> AsyncIterator[Snapshot]:
        sent = last_id
        while True:
            changed, now = self._changed, self.status(name)
            if now.id != sent:
                sent = now.id
                yield now
            if not self.endless:
                return
            await changed.wait()

    async def frame(self, name: str, claims: TokenClaims, way: str | None = None, page: str | None = None) -> Frame:
        self.status(name)
        self.pages.append(page)
        if self.source is None:
            raise NothingToFrame(kind="off")
        return Frame(f"{self.source}/_gpubox/enter#ticket={claims.token_id}", way or "domain")

    def frame_source(self, name: str, page: str | None = None) -> str | None:
        self.status(name)
        self.pages.append(page)
        return self.source

    def relay(self, name: str, page: str | None = None) -> str | None:
        self.status(name)
        return f"{page}:8186" if self.relayed else None


def status_of(name: str) -> dict[str, Any]:
    """A box that is off."""
    at = "2026-11-21T12:00:00Z"
    return at_rest() | {
        "name": name,
        "reason": "Your box sleeps.",
        "headline": {"code": "off", "text": "Your box sleeps.", "values": {}},
        "now": at,
        "observed_at": at,
        "cost": {
            "currency": "USD",
            "hourly": "0.55",
            "session": None,
            "today": "0.00",
            "month": "11.20",
            "month_seconds": 73320,
            "saved_month": "384.00",
            "at_rest_monthly": "8.00",
            "rates_as_of": "2026-11-01",
        },
        "machine": {"type": "n1-standard-4", "gpu": "nvidia-tesla-t4"},
        "journal": [{"at": at, "code": "stop_asked", "text": "Stop asked for.", "values": {}}],
    }


@dataclass
class House:
    """The application with everything that a test may want to move."""

    app: FastAPI
    clock: ManualClock
    store: LoginStore
    boxes: MemoryBoxes
    login: Login
    services: Services
    faults: list[Fault]

    def client(self, address: str = "127.0.0.1", base: str = "http://panel.test", **headers: str) -> httpx.AsyncClient:
        """A browser-less client of this address."""
        transport = httpx.ASGITransport(self.app, client=(address, 50000))
        return httpx.AsyncClient(
            transport=transport, base_url=base, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    def token(self) -> str:
        """A session, without the login."""
        return self.login._tokens.issue(self.clock.now())[0]

    @asynccontextmanager
    async def signed_in(self, **kwargs: Any) -> AsyncIterator[httpx.AsyncClient]:
        """A client with a token in its header."""
        async with self.client(**kwargs, x_auth_token=self.token()) as client:
            yield client


def build(
    *,
    clock: ManualClock | None = None,
    store: LoginStore | None = None,
    guesses: Guesses | None = None,
    public_url: str | None = None,
    trusted_proxies: Sequence[str] = (),
    metrics_token: str | None = None,
    templates: Path = ROOT / "templates",
    static: Path = ROOT / "static",
) -> House:
    """The application around an in-memory house. `login.open()` is left to the test."""
    clock, store, faults = clock or ManualClock(), store or LoginStore(), list[Fault]()
    login = Login(
        clock=clock,
        store=store,  # type: ignore[arg-type]
        passwords=QuickPasswords(),
        tokens=JwtTokens(SECRET, timedelta(hours=24)),
        hashed=f"hash of {PASSWORD}",
        guesses=guesses,
    )
    boxes = MemoryBoxes(clock)
    services = Services(
        boxes=boxes,
        frames=boxes,
        allowing=MemoryAllowing(clock.now),
        login=login,
        clock=clock,
        ping=store.ping,
        readiness=lambda: faults[0] if faults else None,
        templates=templates,
        static=static,
        public_url=public_url,
        trusted_proxies=[ipaddress.ip_network(each) for each in trusted_proxies],
        metrics_token=metrics_token,
        version="0.1.0",
    )
    return House(create_app(services), clock, store, boxes, login, services, faults)
