"""Which sessions know a box, over logouts, expiry and restarts."""

import asyncio
from datetime import timedelta

import pytest

from manager.adapters.store.memory import MemoryStore
from manager.application.ports import TokenClaims
from manager.application.visits import Visits, session_of
from tests.support.clock import NOON, ManualClock
from tests.support.fakes import FullDiskStore


def claims(name: str = "anna", hours: float = 8) -> TokenClaims:
    return TokenClaims(name, NOON, NOON + timedelta(hours=hours))


async def test_a_session_is_named_until_it_expires_and_by_no_name_that_opens_anything() -> None:
    clock = ManualClock()
    visits = Visits(MemoryStore(), clock)
    named = await visits.remember("one", claims())
    await visits.remember("one", claims())
    assert named == session_of("anna")
    assert "anna" not in named
    assert (visits.of("one"), visits.of("two")) == ([named], [])
    clock.advance(hours=8)
    assert visits.of("one") == []
    assert not visits.alive(named, NOON + timedelta(hours=9))


async def test_a_logout_forgets_it_at_every_box() -> None:
    visits = Visits(MemoryStore(), ManualClock())
    for box in ("one", "two"):
        await visits.remember(box, claims())
    await visits.remember("one", claims("ben"))
    assert await visits.forget(claims())
    assert not await visits.forget(claims())
    assert (visits.of("one"), visits.of("two")) == ([session_of("ben")], [])


async def test_what_is_known_outlives_a_restart_but_not_a_logout() -> None:
    store, clock = MemoryStore(), ManualClock()
    visits = Visits(store, clock)
    for name in ("anna", "ben", "cleo"):
        await visits.remember("one", claims(name, hours=1 if name == "cleo" else 8))
    # A logout that the process did not live to write down here.
    await store.revoke_token("ben", NOON + timedelta(hours=8))
    clock.advance(hours=2)
    after = Visits(store, clock)
    await after.open()
    assert after.of("one") == [session_of("anna")]


@pytest.mark.parametrize("kept", ["nonsense", "[]", '{"one": 5}', '{"one": {"anna": "soon"}}'])
async def test_what_cannot_be_read_counts_as_nothing(kept: str) -> None:
    store = MemoryStore()
    await store.write_secret("visits", kept)
    visits = Visits(store, ManualClock())
    await visits.open()
    assert visits.of("one") == []


async def test_a_full_disk_keeps_nobody_out() -> None:
    store = FullDiskStore()
    store.full = True
    visits = Visits(store, ManualClock())
    named = await visits.remember("one", claims())
    assert visits.of("one") == [named]


async def test_who_waits_for_the_end_hears_of_a_logout_at_once() -> None:
    visits = Visits(MemoryStore(), ManualClock())
    named = await visits.remember("one", claims())
    waiting = asyncio.ensure_future(visits.ended(named, claims().expires_at))
    await asyncio.sleep(0)
    assert not waiting.done()
    await visits.forget(claims())
    await asyncio.wait_for(waiting, 1)


async def test_a_session_that_is_over_is_not_waited_for() -> None:
    visits = Visits(MemoryStore(), ManualClock())
    await asyncio.wait_for(visits.ended("nobody", NOON + timedelta(hours=1)), 1)
    named = await visits.remember("one", claims())
    await asyncio.wait_for(visits.ended(named, NOON), 1)
