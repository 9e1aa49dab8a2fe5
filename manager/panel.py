"""The panel: everything that runs beside the web server, put together from the settings."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import structlog
from fastapi import FastAPI

from manager import __version__, assembly
from manager.adapters.clock import SystemClock
from manager.adapters.comfyui import HttpComfyUi
from manager.adapters.embedded.process import EmbeddedCloudError, EmbeddedCloudProcess
from manager.adapters.gate import HttpGate
from manager.adapters.gce import GceBuilder, GceCloud
from manager.adapters.passes import keep_passes
from manager.adapters.passwords import SlowPasswords, generate_password
from manager.adapters.store.choose import sql_store
from manager.adapters.tokens import JwtTokens, keep_secret
from manager.addressing import Addressing, fence_of
from manager.application.bearers import Bearers
from manager.application.boxes import Boxes, new_box
from manager.application.frames import Frames
from manager.application.login import Login, settle_password
from manager.application.ports import Clock, TokenClaims
from manager.application.reconciler import Reconciler
from manager.application.registry import Registry
from manager.application.speaking import Speaking
from manager.application.visits import Visits
from manager.background.ticker import Ticker
from manager.domain.errors import CloudError, Fault, GpuboxError, NoSuchResource, StoreUnavailable
from manager.relay import Bound, Relay, Relays
from manager.relaying import make_relay, relay_follows, relay_ports
from manager.settings import Settings
from manager.web.app import create_app
from manager.web.deps import Services

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_JOURNAL_LIFE = timedelta(days=400)


class Panel:
    """Everything that runs beside the web server. `open` is quick; what takes long comes up in the background.

    `relay_at` is the bound socket that the first box's relay serves on, None for no relay.
    """

    def __init__(
        self, settings: Settings, public_url: str, clock: Clock | None = None, relay_at: socket.socket | None = None
    ) -> None:
        self.settings = settings
        self.public_url = public_url
        self.relay_at = relay_at
        self.clock = clock or SystemClock()
        self.store = sql_store(settings.state_dir, assembly.secret(settings.database_url))
        self.passwords = SlowPasswords()
        self.embedded: EmbeddedCloudProcess | None = None
        self._demo_seed: EmbeddedCloudProcess | None = None
        self.failed = False
        self.on_failure: Callable[[], None] = lambda: None
        endpoint = settings.gce_api_endpoint
        if not settings.on_gce and endpoint is None:
            port = _free_port()
            self.embedded = assembly.embedded_cloud(settings, port, settings.embedded_cloud_speed)
            if not assembly.embedded_state(settings).exists():
                self._demo_seed = assembly.embedded_cloud(settings, port, speed=0)
            endpoint = f"http://127.0.0.1:{port}"
        credentials = settings.google_application_credentials
        self.cloud = GceCloud(self.clock, endpoint, credentials_file=str(credentials) if credentials else None)
        self.passes, gate_key = keep_passes(settings.state_dir / "gate-key")
        self.bearers = Bearers(self.passes.service, self.clock)
        patience_s = settings.comfyui_timeout / 1000
        self.comfyui = HttpComfyUi(assembly.secret(settings.comfyui_service_token), patience_s, self.bearers)
        self.gate = HttpGate(self.passes.statement, self.clock, patience_s)
        self.visits = Visits(self.store, self.clock)
        rules = assembly.rules(settings, gate_key, public_url)
        self.relays = self._relays()
        rules = replace(rules, fence=fence_of(settings))
        if self.relays is not None:
            rules = replace(rules, relay_of=self.relays.url, relay_follows=relay_follows(settings))
        self.registry = Registry(self.store, self.clock, rules, _new_id)
        self.speaking = Speaking(self.registry, self.gate, self.visits, self.clock)
        self.reconciler = Reconciler(
            self.registry, self.cloud, self.comfyui, self.store, self.clock, _new_id, self.speaking
        )
        self.addressing = Addressing(settings, self.registry, self.cloud.calls, self.clock, self._hurry)
        self.ticker = Ticker(self._tick, minutely=self._minutely, hourly=self._hourly)
        self.boxes = Boxes(self.registry, self.cloud, self.clock, self.ticker.wake)
        self.frames = Frames(self.registry, self.visits, self.clock, self.passes.ticket)
        self._bringing_up: asyncio.Task[None] | None = None

    async def open(self) -> FastAPI:
        """Open the store, settle who may come in, bring the boxes into memory; the web application."""
        settings = self.settings
        await self.store.open()
        await self.store.acquire_leadership()
        login = await self._login()
        await self.visits.open()
        await self._first_box()
        await self._load()
        self._bringing_up = asyncio.create_task(self._bring_up())
        return create_app(
            Services(
                boxes=self.boxes,
                frames=self.frames,
                allowing=self.addressing.allowing,
                login=login,
                clock=self.clock,
                ping=self.store.ping,
                readiness=self._readiness,
                templates=assembly.asset("templates"),
                static=assembly.asset("static"),
                public_url=self.public_url,
                trusted_proxies=settings.trusted_proxies,
                metrics_token=assembly.secret(settings.metrics_token),
                version=__version__,
            )
        )

    async def close(self) -> None:
        """Let everything go. Boxes stay as they are: a stop of the panel is not a stop of the box."""
        self.ticker.stop()
        if self._bringing_up is not None:
            self._bringing_up.cancel()
            await asyncio.gather(self._bringing_up, return_exceptions=True)
        if self.relays is not None:
            await self.relays.close()
        await self.comfyui.close()
        await self.gate.close()
        for embedded in (self._demo_seed, self.embedded):
            if embedded is not None:
                await embedded.stop()
        self.cloud.close()
        self.passwords.close()
        await self.store.close()

    async def _login(self) -> Login:
        settings = self.settings
        secret = assembly.secret(settings.jwt_secret) or keep_secret(settings.state_dir / "jwt-secret")
        hashed, made = await settle_password(
            password=assembly.secret(settings.auth_password),
            hashed=assembly.secret(settings.auth_password_hash),
            store=self.store,
            passwords=self.passwords,
            generate=generate_password,
        )
        login = Login(
            clock=self.clock,
            store=self.store,
            passwords=self.passwords,
            tokens=JwtTokens(secret, timedelta(hours=settings.session_hours)),
            hashed=hashed,
        )
        await login.open()
        login.on_end(self._logged_out)
        sys.stdout.write(assembly.greeting(settings, self.public_url, made))
        sys.stdout.flush()
        return login

    async def _logged_out(self, claims: TokenClaims) -> None:
        """The boxes that the session has come to hear of its end at once."""
        if await self.visits.forget(claims):
            self._hurry()

    def _hurry(self) -> None:
        self.speaking.hurry()
        self.ticker.wake()

    async def _tick(self) -> None:
        await asyncio.gather(self.reconciler.tick(), self.addressing.tick())

    def _relays(self) -> Relays | None:
        if self.relay_at is None:
            return None
        return Relays(relay_ports(self.settings, self.public_url, self.relay_at), self._relay)

    def _relay(self, box: str, bound: Bound) -> Relay:
        return make_relay(
            self.settings,
            bound.listener,
            box,
            registry=self.registry,
            passes=self.passes,
            sessions=self.visits,
            bearer=self.bearers,
            clock=self.clock,
            panel_url=self.public_url,
            url=bound.url,
        )

    async def _load(self) -> None:
        """Bring the boxes into memory, each with its relay."""
        if self.relays is not None:
            await self.relays.settle([box.name for box in await self.store.boxes()])
        await self.registry.load()

    async def _first_box(self) -> None:
        """The box of the settings comes first; one that was stored under another place is pointed to the new one."""
        place = assembly.first_place(self.settings)
        known = await self.store.boxes()
        if not any(box.place == place for box in known):
            await self.store.add_box(new_box(place.instance, place, self.clock.now()))

    async def _bring_up(self) -> None:
        """What a person need not wait for before seeing the panel: the relay, Google's client, the embedded cloud."""
        try:
            if self.relays is not None:
                await self.relays.open()
            if self.embedded is not None:
                await self._bring_up_demo(self.embedded)
            await self.cloud.warm_up()
        except (EmbeddedCloudError, GpuboxError, OSError) as error:
            log.critical("the embedded cloud does not start", reason=str(error))
            self._fail()
            return
        self.ticker.start()

    def _fail(self) -> None:
        self.failed = True
        self.ticker.stop()
        self.on_failure()

    async def _bring_up_demo(self, embedded: EmbeddedCloudProcess) -> None:
        """Start the embedded cloud. Its first box is made while its time stands still, so that nobody waits for it."""
        if self._demo_seed is not None:
            await _with_patience(self._demo_seed.start)
            await self._make_demo_box()
            await self._demo_seed.stop()
        await _with_patience(embedded.start)
        await self._make_demo_box()

    async def _make_demo_box(self) -> None:
        place = assembly.first_place(self.settings)
        try:
            await self.cloud.observe(place)
        except NoSuchResource:
            await GceBuilder(self.cloud.calls).create_box(place, assembly.DEMO_BOX)
        except CloudError as error:
            log.warning("the demo box cannot be seen", code=error.code)

    def _readiness(self) -> Fault | None:
        if self.failed or (self._bringing_up is not None and self._bringing_up.done() and not self.ticker.running):
            return Fault("not_ready", {"detail": "The loop that looks after the boxes does not run."})
        return None

    async def _minutely(self) -> None:
        """Find boxes that were added meanwhile; end where another manager has taken the boxes over."""
        try:
            await self.store.acquire_leadership()
            await self._load()
            if self.relays is not None:
                await self.relays.open()
        except StoreUnavailable as error:
            log.warning("the store cannot be used", **error.data)
            if error.data.get("kind") == "in_use":
                self._fail()

    async def _hourly(self) -> None:
        try:
            await self.store.prune(self.clock.now() - _JOURNAL_LIFE)
        except StoreUnavailable as error:
            log.warning("the store cannot be used", **error.data)


async def _with_patience(start: Callable[[], Awaitable[str]]) -> None:
    """Start the embedded cloud; the one of a panel that was killed a moment ago may still be going down."""
    for _ in range(10):
        try:
            await start()
        except EmbeddedCloudError as error:
            log.info("the embedded cloud is not free yet", reason=str(error))
            await asyncio.sleep(0.5)
        else:
            return
    await start()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _new_id() -> str:
    return str(uuid4())
