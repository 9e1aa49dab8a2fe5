"""A PostgreSQL server that is away, refuses, hangs up or is full, and URLs as people write them."""

import traceback
from collections.abc import Awaitable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import make_url

from manager.adapters.store.choose import sql_store
from manager.adapters.store.sql import SqlStore
from manager.domain.errors import StoreUnavailable
from manager.domain.journal import Entry
from tests.adapters.store.support import NOW, PASSWORD, Cluster, Database, make_box, small_disk

pytestmark = pytest.mark.postgres
SECRET = "not-the-right-one"


async def refusal(call: Awaitable[object]) -> StoreUnavailable:
    with pytest.raises(StoreUnavailable) as caught:
        await call
    told = f"{caught.value.data} {''.join(traceback.format_exception(caught.value))}"
    assert SECRET not in told
    assert PASSWORD not in told
    return caught.value


@pytest.fixture
def small_server_disk(cluster: Cluster) -> Iterator[Path]:
    """A disk of 2 MiB that the server's user may write."""
    folder = cluster.folder / "small"
    folder.mkdir()
    with small_disk(folder, "2m", cluster.user) as mounted:
        yield mounted
    folder.rmdir()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
async def test_urls_are_taken_in_every_spelling(postgres_database: Database, scheme: str) -> None:
    url = postgres_database.url.replace("postgresql", scheme)
    store = sql_store(postgres_database.folder, url)
    await store.open()
    await store.ping()
    await store.close()
    assert not postgres_database.folder.exists()


async def test_a_wrong_password_is_refused_and_never_repeated(
    postgres_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    url = postgres_database.url.replace(PASSWORD, SECRET)
    store = sql_store(postgres_database.folder, url)
    error = await refusal(store.open())
    assert error.data["kind"] == "refused"
    assert "password authentication failed" in error.data["detail"]
    assert SECRET not in f"{error!r} {caplog.text} {store._engine!r}"
    await store.close()


async def test_a_database_that_does_not_exist_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    store = sql_store(tmp_path, cluster.url("nowhere"))
    assert (await refusal(store.open())).data["kind"] == "refused"
    await store.close()


@pytest.mark.parametrize("host", ["/nonexistent", "127.0.0.1&port=1"])
async def test_a_server_that_is_away_is_unreachable(tmp_path: Path, host: str) -> None:
    store = sql_store(tmp_path, f"postgresql://gpubox:{SECRET}@/gpubox?host={host}")
    for call in (store.open(), store.ping(), store.acquire_leadership()):
        assert (await refusal(call)).data["kind"] == "unreachable"
    await store.close()


async def test_a_server_that_hung_up_is_found_again_without_a_restart(
    postgres_database: Database, cluster: Cluster
) -> None:
    store = postgres_database.store()
    await store.open()
    await store.add_box(make_box())
    await store.acquire_leadership()
    name = make_url(postgres_database.url).database
    cluster.admin(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
    assert await store.boxes() == [make_box()]
    await store.ping()
    # The lock went with the connection, and is taken anew.
    assert await store.acquire_leadership() is True
    assert await store.acquire_leadership() is False
    await store.close()


async def test_a_lost_leadership_may_be_somebody_elses_by_now(postgres_database: Database, cluster: Cluster) -> None:
    first, second = postgres_database.store(), postgres_database.store()
    await first.open()
    await first.acquire_leadership()
    name = make_url(postgres_database.url).database
    cluster.admin(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
    assert await second.acquire_leadership() is True
    assert (await refusal(first.acquire_leadership())).data["kind"] == "in_use"
    await first.close()
    await second.close()


async def test_a_read_only_database_is_told(postgres_database: Database, cluster: Cluster) -> None:
    store = postgres_database.store()
    await store.open()
    await store.close()
    name = make_url(postgres_database.url).database
    cluster.admin(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    store = postgres_database.store()
    await store.open()
    assert await store.boxes() == []
    assert (await refusal(store.ping())).data["kind"] == "read_only"
    await store.close()


async def test_a_table_that_somebody_locked_is_told(postgres_database: Database) -> None:
    url = f"{postgres_database.url}&options=-c%20lock_timeout%3D20ms"
    store = sql_store(postgres_database.folder, url)
    await store.open()
    with psycopg.connect(postgres_database.url) as other:
        other.execute("LOCK TABLE probe")
        assert (await refusal(store.ping())).data["kind"] == "locked"
        other.rollback()
        await store.ping()
    await store.close()


async def test_a_missing_right_is_refused(postgres_database: Database, cluster: Cluster) -> None:
    store = postgres_database.store()
    await store.open()
    await store.close()
    role = f"r{uuid4().hex}"
    cluster.admin(f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'")
    url = cluster.url(make_url(postgres_database.url).database, user=role, password=SECRET)
    store = sql_store(postgres_database.folder, url)
    assert (await refusal(store.open())).data["kind"] == "refused"
    await store.close()


async def test_a_full_disk_of_the_server_is_told_and_left_behind(
    postgres_database: Database, cluster: Cluster, small_server_disk: Path
) -> None:
    store = postgres_database.store()
    await store.open()
    name = f"t{uuid4().hex}"
    cluster.admin(f"CREATE TABLESPACE {name} LOCATION '{small_server_disk}'")
    with psycopg.connect(postgres_database.url, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE journal SET TABLESPACE {name}".encode())
        # As it comes: packed, long text of one letter would take no room.
        connection.execute("ALTER TABLE journal ALTER data SET STORAGE EXTERNAL")
    entry = Entry(NOW, "studio", "long", {"text": "x" * 200_000})
    (small_server_disk / "ballast").write_bytes(b"\0" * 1_000_000)
    error = await refusal(_write(store, [entry] * 20))
    assert error.data["kind"] == "full"
    assert len(await store.journal("studio", 20)) > 0
    (small_server_disk / "ballast").unlink()
    await store.write_journal(entry)
    await store.close()
    with psycopg.connect(postgres_database.url, autocommit=True) as connection:
        connection.execute("DROP TABLE journal")
    cluster.admin(f"DROP TABLESPACE {name}")


async def _write(store: SqlStore, entries: list[Entry]) -> None:
    for entry in entries:
        await store.write_journal(entry)
