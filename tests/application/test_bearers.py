"""The manager's own tokens: short, and used while they are fresh."""

from datetime import datetime, timedelta

from manager.application.bearers import Bearers
from tests.support.clock import ManualClock


def test_a_token_is_used_for_half_its_life_and_by_one_box() -> None:
    clock, minted = ManualClock(), list[tuple[str, str, timedelta]]()

    def mint(box: str, name: str, _now: datetime, life: timedelta) -> str:
        minted.append((box, name, life))
        return f"{box}-{len(minted)}"

    bearers = Bearers(mint, clock)
    assert [bearers("one"), bearers("one"), bearers("two")] == ["one-1", "one-1", "two-2"]
    assert minted[0] == ("one", "manager", timedelta(minutes=1))
    clock.advance(seconds=29)
    assert bearers("one") == "one-1"
    clock.advance(seconds=1)
    assert bearers("one") == "one-3"
    clock.advance(hours=-1)
    assert bearers("one") == "one-4"
