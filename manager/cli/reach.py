"""The cloud and the store for commands that work without the panel, put together as the panel does it."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from manager import assembly
from manager.adapters.clock import SystemClock
from manager.adapters.gce import GceBuilder, GceCloud, Limits
from manager.adapters.store.choose import sql_store
from manager.adapters.store.sql import SqlStore
from manager.domain.box import Box
from manager.domain.errors import UnknownBox
from manager.settings import Settings


@dataclass(frozen=True)
class Reached:
    """A Compute Engine to talk to. `endpoint` None is Google's own."""

    cloud: GceCloud
    builder: GceBuilder
    endpoint: str | None


@asynccontextmanager
async def cloud_of(settings: Settings) -> AsyncGenerator[Reached]:
    """The cloud of the settings. The embedded one is the running panel's, or comes up for as long as this lasts."""
    endpoint = settings.gce_api_endpoint
    own = None
    if not settings.on_gce and endpoint is None:
        endpoint = await running_embedded(settings)
        if endpoint is None:
            own = assembly.embedded_cloud(settings, _free_port(), settings.embedded_cloud_speed)
            endpoint = await own.start()
    try:
        cloud = client(settings, endpoint)
        try:
            yield Reached(cloud, GceBuilder(cloud.calls), endpoint)
        finally:
            cloud.close()
    finally:
        if own is not None:
            await own.stop()


@asynccontextmanager
async def store_of(settings: Settings) -> AsyncGenerator[SqlStore]:
    """The store of the settings, opened; a running panel goes on beside it."""
    store = sql_store(settings.state_dir, assembly.secret(settings.database_url))
    try:
        await store.open()
        yield store
    finally:
        await store.close()


def client(settings: Settings, endpoint: str | None, limits: Limits | None = None) -> GceCloud:
    """Google's client at this endpoint."""
    file = settings.google_application_credentials
    return GceCloud(SystemClock(), endpoint, credentials_file=None if file is None else str(file), limits=limits)


async def running_embedded(settings: Settings) -> str | None:
    """Where the embedded cloud of this state folder is being served; None where it is not."""
    try:
        port = int((assembly.embedded_state(settings) / "port").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    endpoint = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(timeout=3, trust_env=False) as web:
        try:
            # Its own kind of call, because another program may have the port by now.
            answer = await web.get(f"{endpoint}/_gpubox/clock")
        except httpx.HTTPError:
            return None
    return endpoint if answer.is_success else None


async def box_named(store: SqlStore, name: str) -> Box:
    """A box that is in the books; raises UnknownBox."""
    for box in await store.boxes():
        if box.name == name:
            return box
    raise UnknownBox(name=name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
