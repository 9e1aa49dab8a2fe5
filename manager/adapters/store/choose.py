"""From the settings to a store."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from manager.adapters.store.sql import SqlStore
from manager.domain.errors import InvalidInput

FILE_NAME = "gpubox.sqlite3"


def sql_store(state_dir: Path, database_url: str | None = None) -> SqlStore:
    """A store that is not open yet: PostgreSQL or SQLite by `database_url`, else SQLite in `state_dir`.

    Raises InvalidInput (field: DATABASE_URL, problem: unreadable | scheme | path), which never quotes the URL.
    """
    if not database_url:
        return _sqlite_store(state_dir / FILE_NAME)
    url = _parse(database_url)
    match url.drivername.partition("+")[0]:
        case "postgresql" | "postgres":
            # psycopg takes as long to import as a seventh of the start may take.
            from manager.adapters.store.postgres import PostgresBackend  # noqa: PLC0415

            return SqlStore(PostgresBackend(url))
        case "sqlite" if url.database and url.database != ":memory:":
            return _sqlite_store(Path(url.database))
        case "sqlite":
            raise InvalidInput(field="DATABASE_URL", problem="path")
        case _:
            raise InvalidInput(field="DATABASE_URL", problem="scheme")


def _sqlite_store(path: Path) -> SqlStore:
    from manager.adapters.store.sqlite import SqliteBackend  # noqa: PLC0415 - not needed for PostgreSQL

    return SqlStore(SqliteBackend(path))


def _parse(database_url: str) -> URL:
    try:
        return make_url(database_url)
    except (ArgumentError, ValueError):
        raise InvalidInput(field="DATABASE_URL", problem="unreadable") from None
