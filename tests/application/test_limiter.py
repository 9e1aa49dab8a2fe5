"""Few guesses: limits and waits, whatever the attempts."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from manager.application.limiter import Guesses, Limiter
from tests.support.clock import NOON

# Addresses and pauses (s) of attempts, all of them wrong.
ATTEMPTS = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 400)), max_size=120)
SMALL = Guesses(
    free=3,
    first_wait=timedelta(seconds=1),
    longest_wait=timedelta(seconds=60),
    forget=timedelta(minutes=5),
    all_free=10,
    all_window=timedelta(minutes=2),
    addresses=2,
)


@given(ATTEMPTS)
def test_never_more_than_allowed_in_any_window(attempts: list[tuple[str, float]]) -> None:
    limiter, now, taken = Limiter(SMALL), NOON, list[datetime]()
    for address, pause in attempts:
        now += timedelta(seconds=pause)
        if limiter.attempt(address, now) is None:
            taken.append(now)
    for begin in taken:
        assert sum(begin <= each < begin + SMALL.all_window for each in taken) <= SMALL.all_free


@given(ATTEMPTS)
def test_a_wait_is_positive_bounded_and_enough(attempts: list[tuple[str, float]]) -> None:
    limiter, now = Limiter(SMALL), NOON
    for address, pause in attempts:
        now += timedelta(seconds=pause)
        wait = limiter.attempt(address, now)
        if wait is not None:
            assert timedelta(0) < wait <= max(SMALL.longest_wait, SMALL.all_window)
            now += wait
            assert limiter.attempt(address, now) is None


@given(ATTEMPTS)
def test_no_more_addresses_are_remembered_than_allowed(attempts: list[tuple[str, float]]) -> None:
    limiter, now = Limiter(SMALL), NOON
    for address, pause in attempts:
        now += timedelta(seconds=pause)
        if limiter.attempt(address, now) is None and pause < 1:
            limiter.succeeded(address)
        assert len(limiter._slates) <= SMALL.addresses
        assert len(limiter._known) <= SMALL.addresses


def test_the_oldest_address_is_forgotten_where_there_are_too_many() -> None:
    limiter = Limiter(SMALL)
    for address in "abc":
        assert limiter.attempt(address, NOON) is None
    assert list(limiter._slates) == ["b", "c"]
    for address in "abc":
        limiter.succeeded(address)
    assert list(limiter._known) == ["b", "c"]
    limiter.succeeded("b")
    limiter.succeeded("d")
    assert list(limiter._known) == ["b", "d"]


def test_a_success_of_a_forgotten_attempt_does_no_harm() -> None:
    limiter = Limiter(SMALL)
    limiter.succeeded("a")
    assert limiter.attempt("a", NOON) is None


def test_a_quiet_address_is_forgiven() -> None:
    limiter = Limiter(SMALL)
    for _ in range(3):
        assert limiter.attempt("a", NOON) is None
    assert limiter.attempt("a", NOON) == timedelta(seconds=1)
    assert limiter.attempt("a", NOON + SMALL.forget) is None
    assert limiter.attempt("a", NOON + SMALL.forget) is None


def test_the_longest_wait_is_the_longest() -> None:
    limiter, now = Limiter(SMALL), NOON
    waits: list[timedelta] = []
    for _ in range(60):
        wait = limiter.attempt("a", now)
        if wait is None:
            now += timedelta(seconds=15)
        else:
            waits.append(wait)
            now += wait
    assert max(waits) == SMALL.longest_wait - timedelta(seconds=15)
