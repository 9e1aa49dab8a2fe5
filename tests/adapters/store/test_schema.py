"""The tables: made at once or step by step, they are the same; an interrupted step leaves nothing behind."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from manager.adapters.store import schema
from manager.adapters.store.sql import SqlStore
from manager.adapters.store.tables import METADATA
from manager.domain.errors import StoreUnavailable
from tests.adapters.store.support import Database, make_box

PROGRAMS = Path(__file__).with_name("programs")


def make_it_old(store: SqlStore) -> None:
    """A database before the first migration: nothing but the table that counts them."""
    store._backend.prepare()
    with store._engine.begin() as connection:
        schema._VERSION.create(connection)


def describe(store: SqlStore) -> dict[str, Any]:
    with store._engine.connect() as connection:
        tables = inspect(connection)
        return {
            name: (
                [{**column, "type": str(column["type"])} for column in tables.get_columns(name)],
                tables.get_pk_constraint(name),
                sorted(str(unique) for unique in tables.get_unique_constraints(name)),
                sorted(str(index) for index in tables.get_indexes(name)),
            )
            for name in tables.get_table_names()
            if name != schema.VERSION_TABLE
        }


def differences(store: SqlStore) -> list[Any]:
    with store._engine.connect() as connection:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)


def revision(store: SqlStore) -> str | None:
    with store._engine.connect() as connection:
        return connection.scalar(text(f"SELECT version_num FROM {schema.VERSION_TABLE}"))  # noqa: S608


def run(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_program_names_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


async def test_a_new_database_has_the_tables_that_the_program_knows(database: Database) -> None:
    store = database.store()
    await store.open()
    assert differences(store) == []
    assert revision(store) == schema.HEAD
    await store.close()


async def test_the_migrations_lead_to_the_tables_that_the_program_knows(database: Database) -> None:
    store = database.store()
    make_it_old(store)
    await store.open()
    assert differences(store) == []
    assert revision(store) == schema.HEAD
    await store.ping()
    await store.close()


async def test_made_at_once_or_step_by_step_the_tables_are_the_same(database: Database) -> None:
    store = database.store()
    await store.open()
    at_once = describe(store)
    with store._engine.begin() as connection:
        METADATA.drop_all(connection)
        connection.execute(text(f"DELETE FROM {schema.VERSION_TABLE}"))  # noqa: S608
    await store.open()
    assert describe(store) == at_once
    await store.close()


async def test_a_database_of_a_newer_program_is_refused_and_left_alone(database: Database) -> None:
    store = database.store()
    await store.open()
    await store.add_box(make_box())
    with store._engine.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608
    with pytest.raises(StoreUnavailable) as caught:
        await store.open()
    assert caught.value.data["kind"] == "newer"
    assert (caught.value.data["found"], caught.value.data["known"]) == ("9999", schema.HEAD)
    assert revision(store) == "9999"
    assert await store.boxes() == [make_box()]
    await store.close()


@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
async def test_dying_at_any_statement_of_the_opening_leaves_it_openable(
    database: Database, *, old: bool, program_environment: dict[str, str]
) -> None:
    store = database.store()
    if old:
        make_it_old(store)
    # A server takes its time to notice each death, so there only every fifth statement is tried.
    arguments = (str(database.folder), database.url or "", "5" if database.url else "1")
    done = run(str(PROGRAMS / "dies_while_opening.py"), *arguments, environment=program_environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) >= 3
    await store.open()
    assert differences(store) == []
    await store.ping()
    await store.close()


async def test_processes_that_open_it_together_make_it_once(
    database: Database, program_environment: dict[str, str]
) -> None:
    arguments = (str(database.folder), database.url or "", "6")
    done = run(str(PROGRAMS / "opens_together.py"), *arguments, environment=program_environment)
    assert (done.returncode, done.stderr) == (0, "")
    store = database.store()
    await store.open()
    assert differences(store) == []
    await store.close()


async def test_an_up_to_date_database_is_opened_without_alembic(
    sqlite_database: Database, program_environment: dict[str, str]
) -> None:
    program = (
        "import asyncio, sys, pathlib\n"
        "from manager.adapters.store.choose import sql_store\n"
        "asyncio.run(sql_store(pathlib.Path(sys.argv[1])).open())\n"
        "print([name for name in ('alembic', 'psycopg', 'sqlalchemy.orm') if name in sys.modules])\n"
    )
    for _ in ("new", "there"):
        done = run("-c", program, str(sqlite_database.folder), environment=program_environment)
        assert (done.stdout, done.stderr) == ("[]\n", "")
