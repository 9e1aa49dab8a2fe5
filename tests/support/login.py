"""What a login needs of the world, in memory and quick."""

import asyncio
from datetime import datetime

from manager.domain.errors import StoreUnavailable


class QuickPasswords:
    """Hashes by prefixing; `checks` counts what would have been slow."""

    def __init__(self) -> None:
        self.checks = 0

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def verify(self, password: str, hashed: str) -> bool:
        self.checks += 1
        await asyncio.sleep(0)
        return hashed == f"hash of {password}"


class LoginStore:
    """The part of the store that the login uses; `broken` is a full disk."""

    def __init__(self) -> None:
        self.revoked: dict[str, datetime] = {}
        self.secrets: dict[str, str] = {}
        self.broken = False

    async def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        await self.ping()
        self.revoked[token_id] = expires_at

    async def revoked_tokens(self, now: datetime) -> dict[str, datetime]:
        return {key: end for key, end in self.revoked.items() if end > now}

    async def read_secret(self, name: str) -> str | None:
        return self.secrets.get(name)

    async def write_secret(self, name: str, value: str) -> None:
        self.secrets[name] = value

    async def ping(self) -> None:
        if self.broken:
            raise StoreUnavailable(detail="The disk is full.")
