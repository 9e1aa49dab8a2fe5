"""Who may come in: one password, slow hashes, few guesses, and sessions that end when they are told to."""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from manager.application.limiter import Guesses, Limiter
from manager.application.ports import Clock, Passwords, Store, TokenClaims, Tokens
from manager.domain.errors import LoginRefused, NotAuthenticated, TooManyLogins

PASSWORD_SECRET = "password_hash"  # noqa: S105 - the name of a secret, not one
_CACHED_TOKENS = 1024
_LONGEST_NAP = timedelta(seconds=5)


class Login:
    """Opens, checks and ends sessions. `hashed` is the password's hash; `open()` is awaited once before use."""

    def __init__(
        self,
        *,
        clock: Clock,
        store: Store,
        passwords: Passwords,
        tokens: Tokens,
        hashed: str,
        guesses: Guesses | None = None,
    ) -> None:
        self._clock = clock
        self._store = store
        self._passwords = passwords
        self._tokens = tokens
        self._hashed = hashed
        self._limiter = Limiter(guesses or Guesses())
        self._on_end: list[Callable[[TokenClaims], Awaitable[object]]] = []
        self._valid: OrderedDict[str, TokenClaims] = OrderedDict()
        self._revoked: dict[str, datetime] = {}
        # Waiters keep their event alive, nobody else does.
        self._endings: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    async def open(self) -> None:
        """Read which tokens are dead."""
        self._revoked = dict(await self._store.revoked_tokens(self._clock.now()))

    def on_end(self, tell: Callable[[TokenClaims], Awaitable[object]]) -> None:
        """Have `tell` called whenever a session is ended by a logout."""
        self._on_end.append(tell)

    async def log_in(self, password: str, address: str) -> tuple[str, TokenClaims]:
        """A new session; raises LoginRefused or TooManyLogins."""
        wait = self._limiter.attempt(address, self._clock.now())
        if wait is not None:
            raise TooManyLogins(retry_after=max(1, math.ceil(wait.total_seconds())))
        if not await self._passwords.verify(password, self._hashed):
            raise LoginRefused
        self._limiter.succeeded(address)
        return self._tokens.issue(self._clock.now())

    def session(self, token: str) -> TokenClaims:
        """The session behind a token; raises NotAuthenticated (why: expired, invalid, revoked)."""
        now = self._clock.now()
        claims = self._valid.get(token)
        if claims is None:
            claims = self._tokens.read(token, now)
            self._valid[token] = claims
            if len(self._valid) > _CACHED_TOKENS:
                self._valid.popitem(last=False)
        why = self._why_ended(claims, now)
        if why is not None:
            self._valid.pop(token, None)
            raise NotAuthenticated(why=why)
        return claims

    async def log_out(self, claims: TokenClaims) -> None:
        """End a session, at once and for good; raises StoreUnavailable, and then the session goes on."""
        await self._store.revoke_token(claims.token_id, claims.expires_at)
        now = self._clock.now()
        self._revoked = {key: end for key, end in self._revoked.items() if end > now}
        self._revoked[claims.token_id] = claims.expires_at
        ending = self._endings.pop(claims.token_id, None)
        if ending is not None:
            ending.set()
        for tell in self._on_end:
            await tell(claims)

    async def ended(self, claims: TokenClaims) -> None:
        """Returns when the session is over, by logout or by expiry, within seconds of it."""
        while self._why_ended(claims, self._clock.now()) is None:
            ending = self._endings.setdefault(claims.token_id, asyncio.Event())
            # Sleeping in small pieces, because the computer may be suspended meanwhile.
            nap = min(_LONGEST_NAP, claims.expires_at - self._clock.now())
            try:
                await asyncio.wait_for(ending.wait(), max(0.001, nap.total_seconds()))
            except TimeoutError:
                continue

    def _why_ended(self, claims: TokenClaims, now: datetime) -> str | None:
        if claims.token_id in self._revoked:
            return "revoked"
        return "expired" if claims.expires_at <= now else None


async def settle_password(
    *,
    password: str | None,
    hashed: str | None,
    store: Store,
    passwords: Passwords,
    generate: Callable[[], str],
) -> tuple[str, str | None]:
    """The hash to compare with, and the password if one was made just now: it is shown once and kept as a hash."""
    if hashed:
        return hashed, None
    if password:
        return await passwords.hash(password), None
    kept = await store.read_secret(PASSWORD_SECRET)
    if kept:
        return kept, None
    made = generate()
    made_hash = await passwords.hash(made)
    await store.write_secret(PASSWORD_SECRET, made_hash)
    return made_hash, made
