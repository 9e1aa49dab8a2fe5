"""The password opens, and few guesses are allowed."""

import asyncio
from datetime import timedelta

from manager.application.login import PASSWORD_SECRET, settle_password
from manager.domain.errors import LoginRefused, TooManyLogins
from tests.application.front_door import RIGHT, House
from tests.support.login import LoginStore, QuickPasswords


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
            house.clock.moment += timedelta(seconds=error.data["retry_after"])
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256]
    house.clock.moment += timedelta(minutes=15)
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
    house.clock.moment += timedelta(minutes=10)
    assert await house.guess(RIGHT, "203.0.113.250") == "in"


async def test_an_ipv6_network_is_one_address(house: House) -> None:
    answers = [await house.guess("wrong", f"2001:db8::{number:x}%eth0") for number in range(1, 20)]
    assert answers.count("login_refused") == 5
    assert await house.guess("wrong", "2001:db8:0:1::1") == "login_refused"
    assert [await house.guess("wrong", a) for a in ("::ffff:192.0.2.77", "192.0.2.77", "unix")] == ["login_refused"] * 3


async def settled(store: LoginStore, password: str | None = None, hashed: str | None = None) -> tuple[str, str | None]:
    return await settle_password(
        password=password,
        hashed=hashed,
        store=store,  # type: ignore[arg-type]
        passwords=QuickPasswords(),
        generate=lambda: "made up",
    )


async def test_the_password_comes_from_the_settings_or_is_made_once() -> None:
    store = LoginStore()
    assert await settled(store, hashed="a hash") == ("a hash", None)
    assert await settled(store, password="mine") == ("hash of mine", None)
    assert store.secrets == {}
    assert await settled(store) == ("hash of made up", "made up")
    assert await settled(store) == ("hash of made up", None)
    assert store.secrets == {PASSWORD_SECRET: "hash of made up"}
