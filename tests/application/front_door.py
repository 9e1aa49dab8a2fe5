"""The login over what is in memory, and somebody who guesses."""

from datetime import datetime, timedelta

import pytest

from manager.application.login import Login
from manager.application.ports import TokenClaims
from manager.domain.errors import LoginRefused, NotAuthenticated, TooManyLogins
from tests.support.clock import ManualClock
from tests.support.login import LoginStore, QuickPasswords

RIGHT = "the right one"


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


class House:
    def __init__(self, store: LoginStore | None = None, tokens: CountingTokens | None = None) -> None:
        self.clock = ManualClock()
        self.store = store or LoginStore()
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
