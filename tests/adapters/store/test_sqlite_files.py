"""SQLite's file: who may read it, and what is said when it cannot be used."""

import os
import sqlite3
import stat
from collections.abc import Awaitable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from manager.adapters.store.choose import sql_store
from manager.adapters.store.sql import SqlStore
from manager.adapters.store.sqlite import SqliteBackend
from manager.domain.errors import StoreUnavailable
from manager.domain.journal import Entry
from tests.adapters.store.support import NOW, Database, OrdinaryUser, make_box, small_disk

IMPATIENT = timedelta(milliseconds=20)
LONG = "x" * 20_000


async def trouble_of(call: Awaitable[object]) -> str:
    with pytest.raises(StoreUnavailable) as caught:
        await call
    assert caught.value.data["detail"]
    assert caught.value.__cause__ is None
    return caught.value.data["kind"]


async def write_until_refused(store: SqlStore, enough: int = 200) -> tuple[int, StoreUnavailable]:
    for count in range(enough):
        try:
            await store.write_journal(Entry(NOW, "studio", "long", {"text": LONG}))
        except StoreUnavailable as error:
            return count, error
    pytest.fail(f"{enough} long entries fitted in")


async def test_the_file_and_its_log_are_for_the_owner_only(open_folder: Path) -> None:
    store = sql_store(open_folder / "deep" / "state")
    await store.open()
    await store.acquire_leadership()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (open_folder / "deep" / "state").iterdir()}
    assert modes == dict.fromkeys(
        ("gpubox.sqlite3", "gpubox.sqlite3-wal", "gpubox.sqlite3-shm", "gpubox.sqlite3.lock"), 0o600
    )
    assert stat.S_IMODE((open_folder / "deep" / "state").stat().st_mode) == 0o700
    await store.close()


async def test_a_file_that_others_could_read_is_closed_to_them(sqlite_database: Database) -> None:
    store = sqlite_database.store()
    await store.open()
    await store.close()
    sqlite_database.file.chmod(0o644)
    store = sqlite_database.store()
    await store.open()
    assert stat.S_IMODE(sqlite_database.file.stat().st_mode) == 0o600
    await store.close()


async def test_every_answered_write_is_on_the_disk(sqlite_database: Database) -> None:
    store = sqlite_database.store()
    await store.open()
    with store._engine.connect() as connection:
        pragmas = [
            connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]
    await store.close()


async def test_a_lock_of_another_process_stops_writers_not_readers(sqlite_database: Database) -> None:
    store = SqlStore(SqliteBackend(sqlite_database.file, IMPATIENT))
    await store.open()
    await store.add_box(make_box())
    other = sqlite3.connect(sqlite_database.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert await trouble_of(store.save_box(make_box())) == "locked"
    assert await trouble_of(store.ping()) == "locked"
    assert await store.boxes() == [make_box()]
    other.execute("ROLLBACK")
    assert (await store.save_box(make_box())).version == 1
    other.close()
    await store.close()


async def test_a_locked_new_database_is_told_and_can_be_opened_later(sqlite_database: Database) -> None:
    sqlite_database.folder.mkdir()
    other = sqlite3.connect(sqlite_database.file, isolation_level=None)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("BEGIN IMMEDIATE")
    store = SqlStore(SqliteBackend(sqlite_database.file, IMPATIENT))
    assert await trouble_of(store.open()) == "locked"
    other.execute("ROLLBACK")
    await store.open()
    await store.ping()
    other.close()
    await store.close()


async def test_a_new_database_that_others_read_is_waited_for(sqlite_database: Database) -> None:
    sqlite_database.folder.mkdir()
    other = sqlite3.connect(sqlite_database.file, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE theirs (id)")
    other.execute("BEGIN")
    other.execute("SELECT * FROM theirs")
    waits: list[float] = []

    def third_wait_outlasts_the_reader(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            other.execute("ROLLBACK")

    store = SqlStore(SqliteBackend(sqlite_database.file, sleep=third_wait_outlasts_the_reader))
    await store.open()
    assert len(waits) == 3
    other.close()
    await store.close()


async def test_a_new_database_that_others_go_on_reading_is_told(sqlite_database: Database) -> None:
    sqlite_database.folder.mkdir()
    other = sqlite3.connect(sqlite_database.file, isolation_level=None)
    other.execute("CREATE TABLE theirs (id)")
    other.execute("BEGIN")
    other.execute("SELECT * FROM theirs")
    waits: list[float] = []
    store = SqlStore(SqliteBackend(sqlite_database.file, timedelta(seconds=1), sleep=waits.append))
    assert await trouble_of(store.open()) == "locked"
    assert sum(waits) == pytest.approx(1)
    other.close()
    await store.open()
    await store.close()


@pytest.mark.parametrize("content", [b"this is not a database, and longer than a header " * 100, b"\0" * 5000])
async def test_a_file_that_is_no_database_is_told_and_left_alone(sqlite_database: Database, content: bytes) -> None:
    sqlite_database.folder.mkdir()
    sqlite_database.file.write_bytes(content)
    store = sqlite_database.store()
    assert await trouble_of(store.open()) == "damaged"
    assert sqlite_database.file.read_bytes() == content
    await store.close()


async def test_a_database_damaged_in_the_middle_is_told(sqlite_database: Database) -> None:
    store = sqlite_database.store()
    await store.open()
    await store.add_box(make_box())
    await store.close()
    with sqlite_database.file.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    store = sqlite_database.store()
    assert await trouble_of(_open_and_read(store)) == "damaged"
    await store.close()


async def test_a_database_without_our_tables_is_told(sqlite_database: Database) -> None:
    store = sqlite_database.store()
    await store.open()
    with store._engine.begin() as connection:
        connection.execute(text("DROP TABLE boxes"))
    assert await trouble_of(store.boxes()) == "damaged"
    await store.close()


async def test_a_restored_backup_is_taken_up_without_a_restart(sqlite_database: Database) -> None:
    store = sqlite_database.store()
    await store.open()
    await store.add_box(make_box())
    await store.close()
    good = sqlite_database.file.read_bytes()
    sqlite_database.file.write_bytes(b"rubbish" * 1000)
    store = sqlite_database.store()
    assert await trouble_of(store.open()) == "damaged"
    sqlite_database.file.write_bytes(good)
    assert await store.boxes() == [make_box()]
    await store.close()


async def test_a_file_that_may_not_be_written_is_told(open_folder: Path, ordinary_user: OrdinaryUser) -> None:
    store = sql_store(open_folder)
    await store.open()
    await store.close()
    with ordinary_user(open_folder):
        (open_folder / "gpubox.sqlite3").chmod(0o400)
        store = sql_store(open_folder)
        assert await trouble_of(store.open()) == "read_only"
        (open_folder / "gpubox.sqlite3").chmod(0o600)
        await store.open()
        await store.ping()
        await store.close()


async def test_a_folder_that_may_not_be_written_is_told(open_folder: Path, ordinary_user: OrdinaryUser) -> None:
    store = sql_store(open_folder)
    await store.open()
    await store.close()
    with ordinary_user(open_folder):
        _set_mode(open_folder, 0o500)
        store = sql_store(open_folder)
        assert await trouble_of(_open_and_ping(store)) == "read_only"
        assert await trouble_of(sql_store(open_folder / "new").open()) == "read_only"
        assert await trouble_of(sql_store(open_folder).acquire_leadership()) == "read_only"
        _set_mode(open_folder, 0o755)
        await store.open()
        await store.ping()
        await store.close()


async def test_a_state_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("here already")
    store = sql_store(tmp_path / "state")
    assert await trouble_of(store.open()) == "refused"
    await store.close()


async def test_a_full_database_is_told_and_goes_on_once_there_is_room(sqlite_database: Database) -> None:
    store = sqlite_database.store()
    await store.open()

    def no_more_pages(connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute("PRAGMA max_page_count = 40")

    event.listen(store._engine, "connect", no_more_pages)
    store._engine.dispose()
    count, error = await write_until_refused(store)
    assert error.data == {"kind": "full", "detail": "database or disk is full"}
    assert len(await store.journal("studio", 1000)) == count
    event.remove(store._engine, "connect", no_more_pages)
    store._engine.dispose()
    await store.write_journal(Entry(NOW, "studio", "long", {"text": LONG}))
    assert len(await store.journal("studio", 1000)) == count + 1
    await store.close()


async def test_a_full_disk_is_told_and_left_behind_without_a_restart(megabyte: Path) -> None:
    store = sql_store(megabyte / "state")
    await store.open()
    _fill(megabyte / "ballast")
    count, error = await write_until_refused(store)
    assert error.data["kind"] == "full"
    assert await trouble_of(store.ping()) == "full"
    assert len(await store.journal("studio", 1000)) == count
    assert await trouble_of(_open_and_ping(sql_store(megabyte / "second"))) == "full"
    (megabyte / "ballast").unlink()
    await store.ping()
    await store.write_journal(Entry(NOW, "studio", "long", {"text": LONG}))
    assert len(await store.journal("studio", 1000)) == count + 1
    await store.close()


@pytest.fixture
def megabyte(open_folder: Path) -> Iterator[Path]:
    with small_disk(open_folder, "1m") as mounted:
        yield mounted


def _set_mode(path: Path, mode: int) -> None:
    path.chmod(mode)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as ballast:
        for size in (65536, 4096, 1):
            try:
                while ballast.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue


async def _open_and_ping(store: SqlStore) -> None:
    await store.open()
    await store.ping()


async def _open_and_read(store: SqlStore) -> None:
    await store.open()
    await store.boxes()
