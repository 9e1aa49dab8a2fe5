"""Sessions that end when they are told to, or at their time."""

import asyncio
from datetime import timedelta

import pytest

from manager.application.ports import TokenClaims
from manager.domain.errors import StoreUnavailable
from tests.application.front_door import RIGHT, House
from tests.support.clock import NOON


async def test_a_valid_token_is_read_once_and_checked_each_time(house: House) -> None:
    token, claims = await house.login.log_in(RIGHT, "192.0.2.1")
    for _ in range(10):
        house.login.session(token)
    assert house.tokens.reads == 1
    house.clock.moment = claims.expires_at
    assert [house.why_out(token) for _ in range(2)] == ["expired", "expired"]


async def test_only_so_many_tokens_are_remembered(house: House) -> None:
    tokens = [house.tokens.issue(NOON)[0] for _ in range(1100)]
    for token in tokens:
        house.login.session(token)
    assert len(house.login._valid) == 1024
    assert house.login.session(tokens[0])


async def test_forged_tokens_are_not_remembered(house: House) -> None:
    assert [house.why_out("x") for _ in range(2)] == ["invalid", "invalid"]
    assert not house.login._valid


async def test_logout_kills_the_token_at_once_and_across_restarts(house: House) -> None:
    token, claims = await house.login.log_in(RIGHT, "192.0.2.1")
    other, _ = await house.login.log_in(RIGHT, "192.0.2.1")
    await house.login.log_out(claims)
    assert house.why_out(token) == "revoked"
    assert house.login.session(other)
    again = House(house.store, house.tokens)
    await again.login.open()
    assert again.why_out(token) == "revoked"
    assert again.login.session(other)


async def test_dead_tokens_are_forgotten_when_they_would_have_expired_anyway(house: House) -> None:
    _, first = await house.login.log_in(RIGHT, "192.0.2.1")
    await house.login.log_out(first)
    house.clock.moment = first.expires_at
    _, second = await house.login.log_in(RIGHT, "192.0.2.1")
    await house.login.log_out(second)
    assert list(house.login._revoked) == [second.token_id]


async def test_a_logout_that_cannot_be_kept_is_said(house: House) -> None:
    token, claims = await house.login.log_in(RIGHT, "192.0.2.1")
    house.store.broken = True
    with pytest.raises(StoreUnavailable):
        await house.login.log_out(claims)
    assert house.login.session(token)


async def test_whoever_wants_to_know_hears_of_a_logout_once_it_counts(house: House) -> None:
    token, claims = await house.login.log_in(RIGHT, "192.0.2.1")
    heard: list[tuple[str, str]] = []

    async def hear(ended: TokenClaims) -> None:
        heard.append((ended.token_id, house.why_out(token)))

    house.login.on_end(hear)
    await house.login.log_out(claims)
    assert heard == [(claims.token_id, "revoked")]


async def test_who_waits_for_the_end_hears_of_a_logout(house: House) -> None:
    _, claims = await house.login.log_in(RIGHT, "192.0.2.1")
    waiting = [asyncio.create_task(house.login.ended(claims)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    await house.login.log_out(claims)
    await asyncio.wait_for(asyncio.gather(*waiting), 1)
    await asyncio.wait_for(house.login.ended(claims), 1)


async def test_who_waits_for_the_end_hears_of_the_expiry(house: House) -> None:
    _, claims = await house.login.log_in(RIGHT, "192.0.2.1")
    house.clock.moment = claims.expires_at - timedelta(milliseconds=10)
    waiting = asyncio.create_task(house.login.ended(claims))
    await asyncio.sleep(0.03)
    assert not waiting.done()
    house.clock.moment = claims.expires_at
    await asyncio.wait_for(waiting, 1)
