"""Few guesses, and sessions that end when they are told to."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.application.limiter import Guesses, Limiter
from manager.application.login import PASSWORD_SECRET, Login, settle_password
from manager.application.ports import TokenClaims
from manager.domain.errors import LoginRefused, NotAuthenticated, StoreUnavailable, TooManyLogins

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
RIGHT = "the right one"


class StandingClock:
    at = NOW

    def now(self) -> datetime:
        return self.at


class QuickPasswords:
    def __init__(self) -> None:
        self.checks = 0

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def verify(self, password: str, hashed: str) -> bool:
        self.checks += 1
        await asyncio.sleep(0)
        return hashed == f"hash of {password}"


class CountingTokens:
    """A token is its number; those that begin with x are forged."""

    def __init__(self) -> None:
        self.issued: dict[str, TokenClaims] = {}
        self.reads = 0

    def issue(self, now: datetime) -> tuple[str, TokenClaims]:
        name = str(len(self.issued))
        self.issued[name] = TokenClaims(name, now, now + timedelta(hours=24))
        return name, self.issued[name]

    def read(self, token: str, now: datetime) -> TokenClaims:
        self.reads += 1
        if token not in self.issued:
            raise NotAuthenticated(why="invalid")
        if self.issued[token].expires_at <= now:
            raise NotAuthenticated(why="expired")
        return self.issued[token]


class MemoryStore:
    def __init__(self) -> None:
        self.revoked: dict[str, datetime] = {}
        self.secrets: dict[str, str] = {}
        self.broken = False

    async def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        if self.broken:
            raise StoreUnavailable(detail="full")
        self.revoked[token_id] = expires_at

    async def revoked_tokens(self, now: datetime) -> dict[str, datetime]:
        return {key: end for key, end in self.revoked.items() if end > now}

    async def read_secret(self, name: str) -> str | None:
        return self.secrets.get(name)

    async def write_secret(self, name: str, value: str) -> None:
        self.secrets[name] = value


class House:
    def __init__(self, store: MemoryStore | None = None, tokens: CountingTokens | None = None) -> None:
        self.clock = StandingClock()
        self.store = store or MemoryStore()
        self.passwords = QuickPasswords()
        self.tokens = tokens or CountingTokens()
        self.login = Login(
            clock=self.clock,
            store=self.store,  # type: ignore[arg-type]
            passwords=self.passwords,
            tokens=self.tokens,
            hashed=f"hash of {RIGHT}",
        )

    async def guess(self, password: str = "wrong", address: str = "192.0.2.1") -> str:  # noqa: S107
        try:
            await self.login.log_in(password, address)
        except (LoginRefused, TooManyLogins) as error:
            return error.code
        return "in"

    def why_out(self, token: str) -> str:
        with pytest.raises(NotAuthenticated) as caught:
            self.login.session(token)
        return caught.value.data["why"]


@pytest.fixture
def house() -> House:
    return House()


async def test_the_password_opens_a_session(house: House) -> None:
    token, claims = await house.login.log_in(RIGHT, "192.0.2.1")
    assert house.login.session(token) == claims


async def test_brute_force_is_slowed_down_before_the_hash_is_computed(house: House) -> None:
    answers = [await house.guess(f"guess {number}") for number in range(100)]
    assert answers == ["login_refused"] * 5 + ["too_many_logins"] * 95
    assert house.passwords.checks == 5
    assert await house.guess(RIGHT) == "too_many_logins"


async def test_a_hundred_guesses_at_once_are_a_hundred_guesses(house: House) -> None:
    answers = await asyncio.gather(*(house.guess(f"guess {number}") for number in range(100)))
    assert answers.count("login_refused") == 5


async def test_waiting_as_told_is_enough(house: House) -> None:
    waits: list[int] = []
    for _ in range(20):
        try:
            await house.login.log_in("wrong", "192.0.2.1")
        except LoginRefused:
            continue
        except TooManyLogins as error:
            waits.append(error.data["retry_after"])
            house.clock.at += timedelta(seconds=error.data["retry_after"])
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256]
    house.clock.at += timedelta(minutes=15)
    assert await house.guess(RIGHT) == "in"


async def test_success_clears_the_slate(house: House) -> None:
    for _ in range(3):
        assert [await house.guess() for _ in range(4)] == ["login_refused"] * 4
        assert await house.guess(RIGHT) == "in"


async def test_many_addresses_share_a_limit_but_an_owner_still_comes_in(house: House) -> None:
    assert await house.guess(RIGHT, "198.51.100.9") == "in"
    answers = [await house.guess("wrong", f"203.0.113.{number}") for number in range(200)]
    assert answers.count("login_refused") == 60
    assert await house.guess(RIGHT, "203.0.113.250") == "too_many_logins"
    assert await house.guess(RIGHT, "198.51.100.9") == "in"
    house.clock.at += timedelta(minutes=10)
    assert await house.guess(RIGHT, "203.0.113.250") == "in"


async def test_an_ipv6_network_is_one_address(house: House) -> None:
    answers = [await house.guess("wrong", f"2001:db8::{number:x}%eth0") for number in range(1, 20)]
    assert answers.count("login_refused") == 5
    assert await house.guess("wrong", "2001:db8:0:1::1") == "login_refused"
    assert [await house.guess("wrong", a) for a in ("::ffff:192.0.2.77", "192.0.2.77", "unix")] == ["login_refused"] * 3


async def test_a_valid_token_is_read_once_and_checked_each_time(house: House) -> None:
    token, claims = await house.login.log_in(RIGHT, "192.0.2.1")
    for _ in range(10):
        house.login.session(token)
    assert house.tokens.reads == 1
    house.clock.at = claims.expires_at
    assert [house.why_out(token) for _ in range(2)] == ["expired", "expired"]


async def test_only_so_many_tokens_are_remembered(house: House) -> None:
    tokens = [house.tokens.issue(NOW)[0] for _ in range(1100)]
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
    house.clock.at = first.expires_at
    _, second = await house.login.log_in(RIGHT, "192.0.2.1")
    await house.login.log_out(second)
    assert list(house.login._revoked) == [second.token_id]


async def test_a_logout_that_cannot_be_kept_is_said(house: House) -> None:
    token, claims = await house.login.log_in(RIGHT, "192.0.2.1")
    house.store.broken = True
    with pytest.raises(StoreUnavailable):
        await house.login.log_out(claims)
    assert house.login.session(token)


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
    house.clock.at = claims.expires_at - timedelta(milliseconds=10)
    waiting = asyncio.create_task(house.login.ended(claims))
    await asyncio.sleep(0.03)
    assert not waiting.done()
    house.clock.at = claims.expires_at
    await asyncio.wait_for(waiting, 1)


async def settled(store: MemoryStore, password: str | None = None, hashed: str | None = None) -> tuple[str, str | None]:
    return await settle_password(
        password=password,
        hashed=hashed,
        store=store,  # type: ignore[arg-type]
        passwords=QuickPasswords(),
        generate=lambda: "made up",
    )


async def test_the_password_comes_from_the_settings_or_is_made_once() -> None:
    store = MemoryStore()
    assert await settled(store, hashed="a hash") == ("a hash", None)
    assert await settled(store, password="mine") == ("hash of mine", None)
    assert store.secrets == {}
    assert await settled(store) == ("hash of made up", "made up")
    assert await settled(store) == ("hash of made up", None)
    assert store.secrets == {PASSWORD_SECRET: "hash of made up"}


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
    limiter, now, taken = Limiter(SMALL), NOW, list[datetime]()
    for address, pause in attempts:
        now += timedelta(seconds=pause)
        if limiter.attempt(address, now) is None:
            taken.append(now)
    for begin in taken:
        assert sum(begin <= each < begin + SMALL.all_window for each in taken) <= SMALL.all_free


@given(ATTEMPTS)
def test_a_wait_is_positive_bounded_and_enough(attempts: list[tuple[str, float]]) -> None:
    limiter, now = Limiter(SMALL), NOW
    for address, pause in attempts:
        now += timedelta(seconds=pause)
        wait = limiter.attempt(address, now)
        if wait is not None:
            assert timedelta(0) < wait <= max(SMALL.longest_wait, SMALL.all_window)
            now += wait
            assert limiter.attempt(address, now) is None


@given(ATTEMPTS)
def test_no_more_addresses_are_remembered_than_allowed(attempts: list[tuple[str, float]]) -> None:
    limiter, now = Limiter(SMALL), NOW
    for address, pause in attempts:
        now += timedelta(seconds=pause)
        if limiter.attempt(address, now) is None and pause < 1:
            limiter.succeeded(address)
        assert len(limiter._slates) <= SMALL.addresses
        assert len(limiter._known) <= SMALL.addresses


def test_the_oldest_address_is_forgotten_where_there_are_too_many() -> None:
    limiter = Limiter(SMALL)
    for address in "abc":
        assert limiter.attempt(address, NOW) is None
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
    assert limiter.attempt("a", NOW) is None


def test_a_quiet_address_is_forgiven() -> None:
    limiter = Limiter(SMALL)
    for _ in range(3):
        assert limiter.attempt("a", NOW) is None
    assert limiter.attempt("a", NOW) == timedelta(seconds=1)
    assert limiter.attempt("a", NOW + SMALL.forget) is None
    assert limiter.attempt("a", NOW + SMALL.forget) is None


def test_the_longest_wait_is_the_longest() -> None:
    limiter, now = Limiter(SMALL), NOW
    waits: list[timedelta] = []
    for _ in range(60):
        wait = limiter.attempt("a", now)
        if wait is None:
            now += timedelta(seconds=15)
        else:
            waits.append(wait)
            now += wait
    assert max(waits) == SMALL.longest_wait - timedelta(seconds=15)


async def test_whoever_wants_to_know_hears_of_a_logout_once_it_counts(house: House) -> None:
    token, claims = await house.login.log_in(RIGHT, "192.0.2.1")
    heard: list[tuple[str, str]] = []

    async def hear(ended: TokenClaims) -> None:
        heard.append((ended.token_id, house.why_out(token)))

    house.login.on_end(hear)
    await house.login.log_out(claims)
    assert heard == [(claims.token_id, "revoked")]
