"""Which sessions were given a ticket to which box, and have not ended: what statements name, and the relay asks.

The panel's sessions are tokens that nobody keeps a list of. A session is known here, and at the box, by a hash of its
token's id, which opens nothing. The record outlives a restart, so that a frame that is open goes on.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, cast
from weakref import WeakValueDictionary

import structlog

from manager.application.ports import Clock, Store, TokenClaims
from manager.domain.errors import StoreUnavailable

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_KEPT = "visits"
_DIGITS = 32
_NAP_S = 5.0


def session_of(token_id: str) -> str:
    """How a session is called where it must not be told apart by its token."""
    return hashlib.sha256(b"gpubox-session:" + token_id.encode()).hexdigest()[:_DIGITS]


class Visits:
    """Sessions by box. `open()` is awaited once before use."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        # box: session: when it ends, in seconds since 1970
        self._known: dict[str, dict[str, int]] = {}
        # Waiters keep their event alive, nobody else does.
        self._endings: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    async def open(self) -> None:
        """Read what was kept; what was logged out since, by another process, is left out."""
        now = self._clock.now()
        dead = {session_of(token_id) for token_id in await self._store.revoked_tokens(now)}
        kept = _read(await self._store.read_secret(_KEPT))
        self._known = {
            box: {session: ends for session, ends in sessions.items() if session not in dead}
            for box, sessions in kept.items()
        }

    async def remember(self, box: str, claims: TokenClaims) -> str:
        """A session is about to get a ticket; its name at the box. A store that fails costs the next restart."""
        session = session_of(claims.token_id)
        known = self._known.setdefault(box, {})
        if session not in known:
            known[session] = int(claims.expires_at.timestamp())
            await self._keep()
        return session

    async def forget(self, claims: TokenClaims) -> bool:
        """A session is over; whether any box knows it."""
        session = session_of(claims.token_id)
        held = [known for known in self._known.values() if known.pop(session, None) is not None]
        ending = self._endings.pop(session, None)
        if ending is not None:
            ending.set()
        if held:
            await self._keep()
        return bool(held)

    def of(self, box: str) -> list[str]:
        """The sessions that live and know this box."""
        now = self._clock.now().timestamp()
        return sorted(session for session, ends in self._known.get(box, {}).items() if ends > now)

    def alive(self, session: str, ends: datetime) -> bool:
        """Whether the session goes on, until `ends` at the latest."""
        now = self._clock.now()
        return ends > now and any(known.get(session, 0) > now.timestamp() for known in self._known.values())

    async def ended(self, session: str, ends: datetime) -> None:
        """Returns when the session is over, by logout at once, by expiry within seconds of it."""
        while self.alive(session, ends):
            ending = self._endings.setdefault(session, asyncio.Event())
            left = (ends - self._clock.now()).total_seconds()
            with suppress(TimeoutError):
                # In small pieces, because the computer may be suspended meanwhile.
                await asyncio.wait_for(ending.wait(), max(0.001, min(_NAP_S, left)))

    async def _keep(self) -> None:
        now = self._clock.now().timestamp()
        living = {
            box: {session: ends for session, ends in sessions.items() if ends > now}
            for box, sessions in self._known.items()
        }
        self._known = {box: sessions for box, sessions in living.items() if sessions}
        try:
            await self._store.write_secret(_KEPT, json.dumps(self._known, separators=(",", ":")))
        except StoreUnavailable as error:
            log.warning("open frames will not outlive a restart", **error.data)


def _read(text: str | None) -> Mapping[str, dict[str, int]]:
    try:
        value: Any = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(value, dict):
        return {}
    boxes = cast("dict[str, Any]", value)
    return {
        box: {name: ends for name, ends in cast("dict[str, Any]", sessions).items() if type(ends) is int}
        for box, sessions in boxes.items()
        if isinstance(sessions, dict)
    }
