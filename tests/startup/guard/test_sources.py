import asyncio
import threading
from collections.abc import Mapping

from gpubox_agent.guard.sources import Source, Sources
from gpubox_agent.guard.verdict import Sign


def fine(now: float) -> Mapping[Sign, float]:
    return {Sign.DOWNLOAD: now}


def broken(now: float) -> Mapping[Sign, float]:
    raise RuntimeError(f"the driver is gone at {now}")


async def test_a_source_that_throws_takes_no_other_with_it() -> None:
    sources = Sources([Source("broken", broken, 5), Source("fine", fine, 5)])
    assert await sources.look(100) == [(Sign.DOWNLOAD, 100)]
    assert await sources.look(106) == [(Sign.DOWNLOAD, 106)]


async def test_a_source_that_hangs_is_left_alone_and_heard_when_it_comes_back() -> None:
    back = threading.Event()
    calls: list[float] = []

    def hangs(now: float) -> Mapping[Sign, float]:
        calls.append(now)
        back.wait(10)
        return {Sign.GPU: now}

    sources = Sources([Source("hangs", hangs, 1), Source("fine", fine, 1)], patience_s=0.05)
    assert await sources.look(100) == [(Sign.DOWNLOAD, 100)]
    assert await sources.look(200) == [(Sign.DOWNLOAD, 200)]
    assert calls == [100], "no second thread into a driver that hangs"
    back.set()
    async with asyncio.timeout(5):
        while (Sign.GPU, 100) not in await sources.look(201):
            pass


async def test_a_costly_source_is_looked_at_less_often_unless_all_are_asked_for() -> None:
    sources = Sources([Source("fine", fine, 20)])
    assert await sources.look(100)
    assert not await sources.look(110)
    assert await sources.look(111, all_of_them=True)
    assert await sources.look(131)
