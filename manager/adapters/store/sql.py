"""The store in a database: SQLite in the state folder, or PostgreSQL.

Each call is one short transaction in a thread; the event loop never waits for a disk.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, delete, insert, or_, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from manager.adapters.store.backend import WRITES, Backend
from manager.adapters.store.failures import store_unavailable
from manager.adapters.store.mapping import (
    box_from_row,
    box_to_row,
    entry_from_row,
    entry_to_row,
    session_from_row,
    session_to_row,
)
from manager.adapters.store.schema import bring_to_head
from manager.adapters.store.tables import BOXES, JOURNAL, PROBE, REVOKED_TOKENS, SECRETS, SESSIONS
from manager.domain.box import Box
from manager.domain.cost import Session
from manager.domain.errors import BoxExists, Conflict
from manager.domain.journal import Entry

T = TypeVar("T")


class SqlStore:
    """Boxes, journal, sessions, dead tokens and small secrets in a database. `choose.sql_store` makes one.

    Every call raises StoreUnavailable (kind, detail) where the database cannot be used. The next call begins
    with fresh connections, so it succeeds as soon as the database can be used again.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._engine = backend.engine()
        self._writer = self._engine.execution_options(**{WRITES: True})
        self._threads = ThreadPoolExecutor(backend.workers, thread_name_prefix="gpubox-store")

    async def open(self) -> None:
        """Make or upgrade the database. May be called again after it failed; raises StoreUnavailable."""
        await self._in_thread(self._open)

    async def close(self) -> None:
        """Give up the leadership and all connections; the store cannot be opened again."""
        await self._in_thread(self._close)
        self._threads.shutdown(wait=False)

    async def acquire_leadership(self) -> bool:
        """Become the one manager that steers these boxes, until `close` or the end of the process.

        Returns whether this call took it; False where it was held already. On PostgreSQL it ends with its
        connection, so ask again from time to time; True then means that others may have steered meanwhile.
        Raises StoreUnavailable (kind: in_use) while another manager has it.
        """
        return await self._in_thread(self._backend.leadership.acquire)

    async def boxes(self) -> Sequence[Box]:
        """All boxes, the first one first."""
        return [box_from_row(row) for row in await self._read(select(BOXES).order_by(BOXES.c.id))]

    async def add_box(self, box: Box) -> None:
        """Remember a new box; raises BoxExists."""

        def add(connection: Connection) -> None:
            try:
                connection.execute(insert(BOXES).values(box_to_row(box)))
            except IntegrityError:
                raise BoxExists(name=box.name) from None

        await self._write(add)

    async def save_box(self, box: Box) -> Box:
        """Save; the answer carries the next version. Raises Conflict if somebody saved or removed it meanwhile."""
        saved = replace(box, version=box.version + 1)
        statement = (
            update(BOXES).where(BOXES.c.name == box.name, BOXES.c.version == box.version).values(box_to_row(saved))
        )
        if await self._write(lambda connection: connection.execute(statement).rowcount) == 0:
            raise Conflict(detail=f"box {box.name} changed meanwhile")
        return saved

    async def remove_box(self, name: str) -> None:
        """Forget a box, not its journal and its sessions."""
        await self._write(lambda connection: connection.execute(delete(BOXES).where(BOXES.c.name == name)))

    async def write_journal(self, entry: Entry) -> None:
        """Append to the journal."""
        row = entry_to_row(entry)
        await self._write(lambda connection: connection.execute(insert(JOURNAL).values(row)))

    async def journal(self, box: str, limit: int) -> Sequence[Entry]:
        """The latest entries, newest first; of two at the same moment, the one written last."""
        columns = JOURNAL.c
        latest = select(JOURNAL).where(columns.box == box).order_by(columns.at.desc(), columns.id.desc())
        return [entry_from_row(row) for row in await self._read(latest.limit(limit))]

    async def save_session(self, session: Session) -> None:
        """Insert or update a billed session, by box and start."""
        await self._put(SESSIONS, session_to_row(session), key=("box", "started_at"))

    async def sessions(self, box: str, since: datetime) -> Sequence[Session]:
        """Sessions that ended after `since` or are still open, oldest first."""
        columns = SESSIONS.c
        recent = select(SESSIONS).where(columns.box == box, or_(columns.ended_at.is_(None), columns.ended_at > since))
        return [session_from_row(row) for row in await self._read(recent.order_by(columns.started_at))]

    async def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        """A token is dead from now on; it is remembered until it would have expired."""
        await self._put(REVOKED_TOKENS, {"token_id": token_id, "expires_at": expires_at}, key=("token_id",))

    async def revoked_tokens(self, now: datetime) -> dict[str, datetime]:
        """Dead tokens that have not expired yet; older ones are forgotten."""
        rows = await self._read(select(REVOKED_TOKENS))
        expires = REVOKED_TOKENS.c.expires_at
        if any(row["expires_at"] <= now for row in rows):
            await self._write(lambda connection: connection.execute(delete(REVOKED_TOKENS).where(expires <= now)))
        return {row["token_id"]: row["expires_at"] for row in rows if row["expires_at"] > now}

    async def read_secret(self, name: str) -> str | None:
        """A small value kept for the program itself, e.g. the password's hash."""
        rows = await self._read(select(SECRETS).where(SECRETS.c.name == name))
        return rows[0]["value"] if rows else None

    async def write_secret(self, name: str, value: str) -> None:
        """Keep such a value."""
        await self._put(SECRETS, {"name": name, "value": value}, key=("name",))

    async def prune(self, before: datetime) -> int:
        """Forget journal entries, closed sessions and expired tokens older than this; returns how many."""
        ages = (JOURNAL.c.at, SESSIONS.c.ended_at, REVOKED_TOKENS.c.expires_at)
        statements = [delete(age.table).where(age < before) for age in ages]
        return await self._write(
            lambda connection: sum(connection.execute(statement).rowcount for statement in statements)
        )

    async def ping(self) -> None:
        """Whether the database can be read and written now, shown by doing both."""
        statement = update(PROBE).values(count=PROBE.c.count + 1)
        await self._write(lambda connection: connection.execute(statement))
        await self._read(select(PROBE))

    async def _read(self, statement: Select[Any]) -> Sequence[RowMapping]:
        def read() -> Sequence[RowMapping]:
            with self._engine.connect() as connection:
                return connection.execute(statement).mappings().all()

        return await self._in_thread(read)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        def write() -> T:
            with self._writer.begin() as connection:
                return work(connection)

        return await self._in_thread(write)

    async def _put(self, table: Table, row: dict[str, Any], key: Sequence[str]) -> None:
        statement = self._backend.upsert(table, row, key)
        await self._write(lambda connection: connection.execute(statement))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._guarded, work)

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except (DBAPIError, PoolTimeout, OSError, self._backend.driver_error) as error:
            # A connection that failed once may hold on to what it saw: a replaced file, a server that is gone.
            self._engine.dispose()
            # The driver's own error stays out of logs: its frames know the password.
            raise store_unavailable(error, self._backend) from None

    def _open(self) -> None:
        self._backend.prepare()
        bring_to_head(self._engine, self._backend)

    def _close(self) -> None:
        self._backend.leadership.release()
        self._engine.dispose()
