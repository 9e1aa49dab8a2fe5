"""Password hashes: argon2id, computed in threads of their own."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from threading import Lock
from typing import Any

# OWASP's recommendation: 19 MiB, two passes, one lane. About 30 ms, and little enough memory for a small VM.
_MEMORY_KIB = 19 * 1024
_PASSES = 2
_LANES = 1
# More guesses at once would only share the same cores; the others wait.
_THREADS = 2

# No 0 and o, no 1, i and l: a person types it once.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 5

# passlib loads its backends when they are first used, and two threads at once break that.
_LOADING = Lock()


class SlowPasswords:
    """argon2id for new hashes; argon2 and bcrypt are both understood."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="password")

    async def hash(self, password: str) -> str:
        """An argon2id hash."""
        return await self._in_thread(hash_password, password)

    async def verify(self, password: str, hashed: str) -> bool:
        """Constant-time comparison; False for a hash that cannot be read, after the same time."""
        return await self._in_thread(verify_password, password, hashed)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, function: Any, *args: str) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)


def hash_password(password: str) -> str:
    """An argon2id hash, computed here and now (about 30 ms)."""
    return str(_argon2().hash(password))


def verify_password(password: str, hashed: str) -> bool:
    """Whether the password belongs to the hash. A hash that cannot be read costs the same time."""
    for scheme in (_argon2(), _bcrypt()):
        if scheme.identify(hashed):
            try:
                return bool(scheme.verify(password, hashed))
            except (ValueError, TypeError):  # begins like a hash and is none; a NUL in a bcrypt password
                break
    _argon2().verify(password, _decoy())
    return False


def generate_password() -> str:
    """A password that can be read aloud, with about 98 bits of chance."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _argon2() -> Any:
    with _LOADING:
        return _loaded_argon2()


def _bcrypt() -> Any:
    with _LOADING:
        return _loaded_bcrypt()


@cache
def _loaded_argon2() -> Any:
    argon2 = _passlib().argon2
    argon2.set_backend("argon2_cffi")
    return argon2.using(type="ID", memory_cost=_MEMORY_KIB, time_cost=_PASSES, parallelism=_LANES)


@cache
def _loaded_bcrypt() -> Any:
    bcrypt = _passlib().bcrypt
    bcrypt.set_backend("bcrypt")
    return bcrypt


def _passlib() -> Any:
    return import_module("passlib.hash")  # not needed before the first login, and without types


@cache
def _decoy() -> str:
    return hash_password(secrets.token_urlsafe())
