"""Slow hashes that neither block the loop nor tell anything by their time."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from passlib.hash import bcrypt

from manager.adapters.passwords import SlowPasswords, generate_password, hash_password, verify_password


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password("the right one")


@pytest.fixture
def passwords() -> Iterator[SlowPasswords]:
    passwords = SlowPasswords()
    yield passwords
    passwords.close()


async def test_a_hash_knows_its_password_and_no_other(passwords: SlowPasswords) -> None:
    hashed = await passwords.hash("pässword ✓")
    assert hashed.startswith("$argon2id$")
    assert await passwords.verify("pässword ✓", hashed)
    assert not await passwords.verify("password ✓", hashed)


def test_bcrypt_is_understood() -> None:
    hashed = bcrypt.using(rounds=4).hash("the right one")
    assert verify_password("the right one", hashed)
    assert not verify_password("a wrong one", hashed)


@pytest.mark.parametrize("broken", ["", "nothing", "$argon2id$v=19$broken", "$2b$12$short", "plain password"])
def test_a_hash_that_cannot_be_read_matches_nothing(broken: str) -> None:
    assert not verify_password("plain password", broken)


def test_a_hash_that_cannot_be_read_costs_as_much(hashed: str) -> None:
    verify_password("x", "unreadable")  # makes the decoy

    def cost(against: str) -> float:
        begin = time.process_time()
        for _ in range(5):
            verify_password("x", against)
        return time.process_time() - begin

    assert 0.4 < cost("unreadable") / cost(hashed) < 2.5


async def test_the_loop_goes_on_meanwhile(passwords: SlowPasswords, hashed: str) -> None:
    checks = asyncio.gather(*(passwords.verify("x", hashed) for _ in range(4)))
    turns = 0
    while not checks.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 5


def test_made_passwords_differ_and_are_long() -> None:
    made = {generate_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(each) == 23 for each in made)
    assert not set("".join(made)) & set("0o1il")
