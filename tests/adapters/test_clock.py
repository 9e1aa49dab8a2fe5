"""The only clock."""

from datetime import UTC

from manager.adapters.clock import SystemClock


def test_the_time_is_aware_and_goes_on() -> None:
    clock = SystemClock()
    first = clock.now()
    assert first.tzinfo is UTC
    assert clock.now() >= first
