import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from gpubox_agent.guest import GuestAttributes

from .conftest import MetadataServer, until


class Time:
    """A clock that moves by what is waited for."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(round(seconds, 6))
        await asyncio.sleep(0)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def guest(server: MetadataServer, session: aiohttp.ClientSession, time: Time) -> AsyncIterator[GuestAttributes]:
    attributes = GuestAttributes(session, server.url, clock=lambda: time.now, pause=time.pause)
    running = asyncio.create_task(attributes.run())
    yield attributes
    running.cancel()
    await asyncio.wait([running])


async def until_written(server: MetadataServer, count: int) -> None:
    await until(lambda: len(server.written) >= count)


async def test_the_first_goes_out_at_once_and_the_next_after_eight_seconds(
    guest: GuestAttributes, server: MetadataServer, time: Time
) -> None:
    guest.put("guard", "watching")
    await until_written(server, 1)
    guest.put("guard", "announced")
    await until_written(server, 2)
    assert time.pauses == [0, 8]


async def test_of_many_only_the_last_goes_out(guest: GuestAttributes, server: MetadataServer) -> None:
    for number in range(50):
        guest.put("guard", str(number))
    guest.put("other", "x")
    await until_written(server, 2)
    assert server.written == [("guard", "49"), ("other", "x")]


async def test_the_same_value_is_not_written_again(guest: GuestAttributes, server: MetadataServer) -> None:
    guest.put("guard", "a")
    await until_written(server, 1)
    guest.put("guard", "a")
    guest.put("end", "x")
    await until_written(server, 2)
    assert [key for key, _ in server.written] == ["guard", "end"]


async def test_a_value_that_comes_back_while_another_is_sent_is_the_last(
    guest: GuestAttributes, server: MetadataServer
) -> None:
    for value in ("a", "b", "a"):
        guest.put("guard", value)
        await asyncio.sleep(0)
    await until_written(server, 1)
    guest.put("end", "x")
    await until(lambda: ("end", "x") in server.written)
    assert [value for key, value in server.written if key == "guard"][-1] == "a"


async def test_what_is_refused_goes_out_later_and_less_often(
    guest: GuestAttributes, server: MetadataServer, time: Time
) -> None:
    server.refuses = 3
    guest.put("guard", "stopping")
    await until_written(server, 1)
    assert server.written == [("guard", "stopping")]
    assert time.pauses == [0, 16, 32, 64]


async def test_the_last_words_wait_for_no_gap(server: MetadataServer, session: aiohttp.ClientSession) -> None:
    guest = GuestAttributes(session, server.url)
    guest.put("guard", "stopping")
    guest.put("end", "x")
    await guest.flush(5)
    assert server.written == [("guard", "stopping"), ("end", "x")]


async def test_a_server_that_is_gone_holds_up_no_end(session: aiohttp.ClientSession) -> None:
    guest = GuestAttributes(session, "http://127.0.0.1:9")
    guest.put("guard", "stopping")
    async with asyncio.timeout(5):
        await guest.flush(1)
