"""SQLite: one file in the state folder, safe against the loss of power."""

import errno
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Executable, Table, create_engine, event
from sqlalchemy.dialects.sqlite import insert

from manager.adapters.store.backend import WRITES, Trouble
from manager.adapters.store.filelock import FileLeadership

# SQLite's primary result codes: https://www.sqlite.org/rescode.html
_PRIMARY = {
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_PROTOCOL: Trouble.LOCKED,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    # A folder that cannot be written lets no write-ahead log be made beside the file.
    sqlite3.SQLITE_CANTOPEN: Trouble.READ_ONLY,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: Trouble.DAMAGED,
    sqlite3.SQLITE_IOERR: Trouble.DAMAGED,
    # "No such table": the file is a database, and not ours.
    sqlite3.SQLITE_ERROR: Trouble.DAMAGED,
}
# Writes that the file system refuses for a quota or a limit, not for want of blocks.
_EXTENDED = {
    sqlite3.SQLITE_IOERR_WRITE: Trouble.FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: Trouble.FULL,
    sqlite3.SQLITE_IOERR_TRUNCATE: Trouble.FULL,
}
_PRAGMAS = (
    # A request id has to be on the disk before the cloud is called.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # The log is cut back to this many bytes after a burst of writes.
    "PRAGMA journal_size_limit = 1048576",
    # Kibibytes of page cache; the whole database is smaller than this for months.
    "PRAGMA cache_size = -1024",
)


_PAUSE = timedelta(milliseconds=20)


class SqliteBackend:
    """A database file.

    `busy_timeout` is how long a call waits for a lock that another process holds, and `sleep` (seconds) how it
    waits where that is not left to SQLite.
    """

    # SQLite has one writer; a second thread would only wait for the first.
    workers = 1
    driver_error = sqlite3.Error

    def __init__(
        self,
        path: Path,
        busy_timeout: timedelta = timedelta(seconds=3),
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = path
        self._busy_timeout = busy_timeout
        self._sleep = sleep
        self.leadership = FileLeadership(path.with_name(path.name + ".lock"))

    def prepare(self) -> None:
        """Make the folder and the file, both for the owner only. Raises OSError."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            # Made here because SQLite would make it readable for everybody; its log takes over the mode.
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            # Never opened and closed here: that would drop the locks that this process holds on the file.
            self._check()

    def engine(self) -> Engine:
        """An engine with one connection."""
        engine = create_engine(
            URL.create("sqlite", database=str(self._path)),
            connect_args={"timeout": self._busy_timeout.total_seconds()},
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
        )
        event.listen(engine, "connect", self._set_up)
        event.listen(engine, "begin", _begin)
        return engine

    def lock_schema(self, connection: Connection) -> None:
        """A writing transaction is alone already."""

    def upsert(self, table: Table, row: Mapping[str, Any], key: Sequence[str]) -> Executable:
        """Insert the row, or update the one with the same key."""
        statement = insert(table).values(dict(row))
        rest = {name: statement.excluded[name] for name in row if name not in key}
        return statement.on_conflict_do_update(index_elements=key, set_=rest)

    def diagnose(self, error: BaseException) -> tuple[Trouble, str]:
        """SQLite's result code as a kind."""
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            return Trouble.REFUSED, type(error).__name__
        kind = _EXTENDED.get(code) or _PRIMARY.get(code & 0xFF, Trouble.REFUSED)
        return kind, str(error)

    def _check(self) -> None:
        mode = stat.S_IMODE(self._path.stat().st_mode)
        if mode & 0o077:
            # Another user's file may be as its owner wants it, as long as it can be written.
            with suppress(PermissionError):
                self._path.chmod(mode & 0o700)
        if not os.access(self._path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self._path))

    def _set_up(self, connection: sqlite3.Connection, entry: object) -> None:
        del entry
        # The driver would begin transactions by its own rules, and none for DDL; `_begin` does it instead.
        connection.isolation_level = None
        self._use_write_ahead_log(connection)
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    def _use_write_ahead_log(self, connection: sqlite3.Connection) -> None:
        """The file remembers it. SQLite waits for some who are in its way, but not for all, so the waiting is ours."""
        connection.execute("PRAGMA busy_timeout = 0")
        for left in reversed(range(self._busy_timeout // _PAUSE + 1)):
            try:
                # Asked first: changing the mode needs the file for oneself, finding it changed does not.
                if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                    connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if not left or self.diagnose(error)[0] is not Trouble.LOCKED:
                    raise
                self._sleep(_PAUSE.total_seconds())
        connection.execute(f"PRAGMA busy_timeout = {self._busy_timeout // timedelta(milliseconds=1)}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    # A writer queues for its turn here; one that began as a reader would be turned away later.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
