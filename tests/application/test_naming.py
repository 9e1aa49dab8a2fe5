"""The box's name follows its address."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from manager.application.naming import Naming
from manager.domain.errors import DnsError
from tests.support.world import World

NAME = "comfy.example.com"


class MemoryDns:
    """A zone in memory; `refuses` is raised by every call."""

    def __init__(self) -> None:
        self.leads: tuple[str, ...] = ()
        self.refuses: Exception | None = None
        self.asked = 0
        self.meanwhile: Callable[[], Any] | None = None

    async def addresses(self, name: str) -> tuple[str, ...]:
        _ = name
        return self.leads

    async def point(self, name: str, addresses: tuple[str, ...]) -> bool:
        assert name == NAME
        self.asked += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.refuses is not None:
            raise self.refuses
        before, self.leads = self.leads, addresses
        return before != addresses


class Named:
    """A manager that keeps the name of its box."""

    def __init__(self) -> None:
        self.world = World(domain=NAME)
        self.dns = MemoryDns()
        self.naming = Naming(self.world.registry, self.dns, NAME, self.world.clock)

    async def tick(self, times: int = 1, **span: float) -> None:
        for _ in range(times):
            await self.world.tick(**span)
            await self.naming.tick()

    async def running(self) -> "Named":
        await self.world.running()
        await self.tick()
        return self

    @property
    def address(self) -> tuple[str, ...]:
        return (str(self.world.vm.seen.external_ip),)

    @property
    def notices(self) -> list[str]:
        return [notice["code"] for notice in self.world.status["notices"]]


@pytest.fixture
async def named() -> Named:
    return await Named().running()


def refusal(kind: str) -> DnsError:
    return DnsError(kind=kind, zone="example-com", name=NAME, detail="no.")


async def test_a_start_sets_the_name(named: Named) -> None:
    assert named.dns.leads == named.address
    assert "dns_set" in named.world.journal()


async def test_nothing_is_asked_again_while_the_address_stays(named: Named) -> None:
    await named.tick(10, seconds=30)
    assert named.dns.asked == 1


async def test_a_box_that_is_off_is_nobodys_address() -> None:
    named = Named()
    await named.naming.tick()
    await named.world.open()
    await named.tick(2)
    assert named.dns.asked == 0


async def test_each_start_looks_again_and_writes_only_what_changed(named: Named) -> None:
    address = named.world.vm.seen.external_ip
    await named.world.boxes.stop("comfyui")
    await named.tick(3)
    await named.world.boxes.start("comfyui")
    await named.world.tick(3)
    named.world.vm.seen = replace(named.world.vm.seen, external_ip=address)
    await named.tick(seconds=20)
    assert named.dns.asked == 2
    assert named.world.journal().count("dns_set") == 1


async def test_an_address_that_changes_while_the_box_runs_is_followed(named: Named) -> None:
    named.world.vm.seen = replace(named.world.vm.seen, external_ip="127.9.9.9", external_ipv6="2600:1900::1")
    await named.tick(seconds=20)
    assert named.dns.leads == ("127.9.9.9", "2600:1900::1")


@pytest.mark.parametrize("kind", ["token", "right", "zone", "record", "rate", "unreachable", "refused"])
async def test_a_refusal_is_told_and_tried_again(kind: str) -> None:
    named = Named()
    named.dns.refuses = refusal(kind)
    await named.running()
    assert named.notices == ["dns"]
    notice = named.world.status["notices"][0]
    assert "…" not in notice["title"]
    assert named.dns.asked == 1
    await named.tick(seconds=2)
    assert named.dns.asked == 1
    named.dns.refuses = None
    await named.tick(seconds=15)
    assert named.dns.leads == named.address
    assert named.notices == []


async def test_a_zone_that_goes_on_refusing_is_asked_less_and_less_often() -> None:
    named = Named()
    named.dns.refuses = refusal("right")
    await named.running()
    await named.tick(60, seconds=10)
    assert 4 <= named.dns.asked <= 8
    await named.tick(31, seconds=10)
    assert named.dns.asked <= 9


async def test_a_surprise_keeps_nobody_else_from_working() -> None:
    named = Named()
    named.dns.refuses = ValueError("what nobody thought of")
    await named.running()
    named.dns.refuses = None
    await named.tick(seconds=20)
    assert named.dns.leads == named.address


async def test_a_slow_zone_is_asked_once_at_a_time(named: Named) -> None:
    named.world.vm.seen = replace(named.world.vm.seen, external_ip="127.9.9.9")
    named.dns.meanwhile = named.naming.tick
    await named.tick(seconds=20)
    assert named.dns.asked == 2


async def test_without_a_zone_nothing_is_set() -> None:
    world = await World(domain=NAME).running()
    await Naming(world.registry, None, NAME, world.clock).tick()
    assert world.status["notices"] == []
