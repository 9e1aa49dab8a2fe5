"""Brings the database's tables to the shape that the program knows."""

from pathlib import Path

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, insert, inspect, select

from manager.adapters.store.backend import WRITES, Backend, Trouble
from manager.adapters.store.tables import METADATA, PROBE
from manager.domain.errors import StoreUnavailable

# The newest file in migrations/versions. Named here so that an up-to-date database costs one short query
# and no import of alembic, which takes a third of the time that the program may take to start.
HEAD = "0002"
MIGRATIONS = Path(__file__).with_name("migrations")
# Named after the program, for a database that is shared with another that uses alembic.
VERSION_TABLE = "gpubox_version"

_VERSION = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))


def bring_to_head(engine: Engine, backend: Backend) -> None:
    """Make or upgrade the tables, all or nothing. Raises StoreUnavailable (kind: newer)."""
    with engine.connect() as connection:
        if _found(connection) == HEAD:
            return
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        backend.lock_schema(connection)
        # Another process may have done it while this one waited for its turn.
        found = _found(connection)
        if found is None:
            _make(connection)
        elif found != HEAD:
            _upgrade(connection, found)


def _found(connection: Connection) -> str | None:
    """The revision of the tables that are there; None where there are none, "" before the first one."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(_VERSION.c.version_num)) or ""


def _make(connection: Connection) -> None:
    """All tables at once; a test sees to it that the migrations lead to the same."""
    METADATA.create_all(connection)
    _VERSION.create(connection)
    connection.execute(insert(PROBE).values(id=1, count=0))
    connection.execute(insert(_VERSION).values(version_num=HEAD))


def _upgrade(connection: Connection, found: str) -> None:
    # Only a database that is behind pays for this import.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    # A configuration file's values know `%` as a mark of their own.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found and found not in known:
        raise StoreUnavailable(
            kind=Trouble.NEWER.value,
            detail=f"the database has version {found}, this program knows {HEAD}",
            found=found,
            known=HEAD,
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
