"""The real Google client against two servers on loopback: the embedded Compute Engine, and a stub for odd answers."""

import errno
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from manager.adapters.embedded.thread import CloudThread
from manager.adapters.gce import GceBuilder, GceCloud, Limits, Pace
from manager.application.ports import BoxSpec
from manager.domain.box import Place
from tests.adapters.gce.stub import Stub

PLACE = Place("studio", "us-west1-b", "comfyui")
REQUEST_ID = "6f1c3b52-0c63-4c7e-9a54-0d6b6a1d7f10"
OTHER_ID = "0b7d4c1e-9e0b-4c29-8f0b-5d1f4f1f2a11"
SPEC = BoxSpec("n1-standard-4", "comfyui-data", "gpubox", gpu="nvidia-tesla-t4")


class ManualClock:
    """Time that passes when a test says so; the embedded cloud calls it, the program asks it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def now(self) -> datetime:
        return self.moment

    def advance(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass
class FakeTime:
    """Sleeping takes no time and is written down; chance always falls on the longest pause."""

    at: float = 0.0
    slept: list[float] = field(default_factory=list[float])

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def pace(self) -> Pace:
        return Pace(self.sleep, lambda: self.at, lambda: 1.0)


@pytest.fixture(autouse=True)
def nothing_leaves_this_computer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No name is looked up and no packet is sent beyond loopback, also by threads that swallow the refusal."""
    strayed: list[str] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def local(host: str) -> None:
        if not (host.startswith("127.") or host in ("localhost", "::1")):
            strayed.append(host)
            raise OSError(errno.ENETUNREACH, "beyond loopback", host)

    def guarded_connect(own: socket.socket, address: Any) -> None:
        if own.family in (socket.AF_INET, socket.AF_INET6):
            local(str(address[0]))
        connect(own, address)

    def guarded_look_up(host: Any, *arguments: Any, **named: Any) -> Any:
        local(str(host))
        return look_up(host, *arguments, **named)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield
    assert strayed == []


@pytest.fixture
def place() -> Place:
    return PLACE


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as stub:
        yield stub


@pytest.fixture
async def google(stub: Stub, clock: ManualClock, time: FakeTime) -> AsyncIterator[GceCloud]:
    """The adapter before the stub; a pause takes no time."""
    cloud = GceCloud(clock, stub.endpoint, pace=time.pace())
    yield cloud
    cloud.close()


@pytest.fixture
async def hasty(stub: Stub, clock: ManualClock) -> AsyncIterator[GceCloud]:
    """The adapter before the stub, in real time and with next to no patience."""
    limits = Limits(attempt=0.1, read=0.3, write=0.3, see_through=0.3, first_pause=0.01, longest_pause=0.05)
    cloud = GceCloud(clock, stub.endpoint, limits=limits)
    await cloud.warm_up()
    yield cloud
    cloud.close()


@pytest.fixture
def served(tmp_path: Path, clock: ManualClock) -> Iterator[CloudThread]:
    with CloudThread(tmp_path / "embedded", clock=clock) as served:
        yield served


@pytest.fixture
async def embedded(served: CloudThread, clock: ManualClock, time: FakeTime) -> AsyncIterator[GceCloud]:
    """The adapter before the embedded Compute Engine, where everything happens at once."""
    cloud = GceCloud(clock, served.endpoint, pace=time.pace())
    yield cloud
    cloud.close()


@pytest.fixture
async def box(embedded: GceCloud, clock: ManualClock) -> Place:
    """A box that is off."""
    await GceBuilder(embedded.calls).create_box(PLACE, SPEC)
    clock.advance(minutes=1)
    return PLACE
