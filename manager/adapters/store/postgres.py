"""PostgreSQL, by psycopg 3."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, Executable, NullPool, Table, create_engine, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from manager.adapters.store.backend import Trouble
from manager.domain.errors import StoreUnavailable

# Locks of PostgreSQL have numbers for names: "gpubox" in ASCII, and one more for the schema.
_LEADER_KEY = 0x677075626F78
_SCHEMA_KEY = _LEADER_KEY + 1
# All in seconds, unless the name says otherwise. A server that vanished is noticed, never waited for.
_CONNECT = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # ms
    "application_name": "gpubox",
}
_OPTIONS = "-c statement_timeout=10s -c lock_timeout=3s -c idle_in_transaction_session_timeout=60s"
# SQLSTATE, whole or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
_STATES = {
    "08": Trouble.UNREACHABLE,
    "57P": Trouble.UNREACHABLE,
    "28": Trouble.REFUSED,
    "3D": Trouble.REFUSED,
    "42501": Trouble.REFUSED,
    "53100": Trouble.FULL,
    "53": Trouble.UNREACHABLE,
    "25006": Trouble.READ_ONLY,
    "55P03": Trouble.LOCKED,
    "57014": Trouble.LOCKED,
    "40": Trouble.LOCKED,
    "XX": Trouble.DAMAGED,
    "58": Trouble.DAMAGED,
    "42P01": Trouble.DAMAGED,
    "42703": Trouble.DAMAGED,
}
# Connecting fails without a SQLSTATE. Where the server itself said no, it says FATAL, except for these.
_BUSY_SERVER = ("starting up", "shutting down", "recovery", "too many", "connection slots")


class PostgresBackend:
    """A database on a server."""

    workers = 4
    driver_error = psycopg.Error

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self.leadership = _PostgresLeadership(self)

    def prepare(self) -> None:
        """The server is somebody else's."""

    def engine(self) -> Engine:
        """An engine with as many connections as workers; each is tried before it is used again."""
        return create_engine(
            self._url,
            connect_args=self._connect_args(),
            pool_size=self.workers,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
        )

    def lone_connection(self) -> Connection:
        """A connection outside the pool and outside transactions."""
        engine = create_engine(
            self._url,
            connect_args=self._connect_args(),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
        )
        return engine.connect()

    def lock_schema(self, connection: Connection) -> None:
        """Wait up to a minute for whoever else changes the schema; changing it may take long."""
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_KEY})

    def upsert(self, table: Table, row: Mapping[str, Any], key: Sequence[str]) -> Executable:
        """Insert the row, or update the one with the same key."""
        statement = insert(table).values(dict(row))
        rest = {name: statement.excluded[name] for name in row if name not in key}
        return statement.on_conflict_do_update(index_elements=key, set_=rest)

    def diagnose(self, error: BaseException) -> tuple[Trouble, str]:
        """SQLSTATE as a kind; the primary message only, since the details hold values."""
        if not isinstance(error, psycopg.Error):
            return Trouble.UNREACHABLE, type(error).__name__
        words = self._without_password(error.diag.message_primary or str(error).strip().splitlines()[-1])
        state = error.sqlstate
        if state is not None:
            found = (_STATES.get(state[:length]) for length in (5, 3, 2))
            return next((kind for kind in found if kind is not None), Trouble.REFUSED), words
        if "FATAL" in words and not any(busy in words for busy in _BUSY_SERVER):
            return Trouble.REFUSED, words
        return Trouble.UNREACHABLE, words

    def _connect_args(self) -> dict[str, Any]:
        wished = {**_CONNECT, "options": _OPTIONS}
        return {name: value for name, value in wished.items() if name not in self._url.query}

    def _without_password(self, words: str) -> str:
        password = self._url.password
        return words.replace(str(password), "***") if password else words


class _PostgresLeadership:
    """An advisory lock; the server takes it away when its connection ends, so asking again finds out."""

    def __init__(self, backend: PostgresBackend) -> None:
        self._backend = backend
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        """Take or keep the lock; raises StoreUnavailable (kind: in_use)."""
        if self._still_held():
            return False
        connection = self._backend.lone_connection()
        try:
            taken = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LEADER_KEY})
        except DBAPIError:
            connection.close()
            raise
        if not taken:
            connection.close()
            raise StoreUnavailable(kind=Trouble.IN_USE.value, detail="another manager uses this database")
        self._connection = connection
        return True

    def release(self) -> None:
        """Let go by hanging up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _still_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            self.release()
            return False
        return True
