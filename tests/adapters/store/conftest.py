"""Databases to try the store on: memory, SQLite in a folder, and a PostgreSQL that lives for one test run."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

import manager
from manager.adapters.store.choose import sql_store
from manager.adapters.store.memory import MemoryStore
from manager.adapters.store.sql import SqlStore
from manager.domain.box import Box, Cause, Intent, Place

PASSWORD = "correct-horse"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ON_POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)


class Cluster:
    """A PostgreSQL server on a socket of its own, run by a user who is not root, as it insists."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder, self.data = programs, folder, folder / "data"
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(folder, self.user)

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "-D", str(self.data), *arguments]
        with (self.folder / "output").open("ab") as output:
            subprocess.run(  # noqa: S603 - PostgreSQL's own programs
                command, check=True, user=self.user, cwd=self.folder, stdout=output, stderr=output
            )

    def create(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self.run(
            "initdb", "--no-sync", "-U", "gpubox", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8"
        )

    def start(self) -> None:
        options = f"-c listen_addresses='' -c fsync=off -c max_connections=40 -k {self.folder}"
        self.run("pg_ctl", "start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "-w", "-m", "immediate")

    def url(self, database: str, *, user: str = "gpubox", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@/{database}?host={self.folder}"

    def admin(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [
        Path(found) for found in [shutil.which("initdb")] if found
    ]
    if not found:
        pytest.skip("PostgreSQL's programs are not installed (Debian package: postgresql)")
    if os.geteuid() == 0 and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip("PostgreSQL refuses to run as root, and there is no user named postgres")
    # A socket's path may have 107 bytes, so not in pytest's long folders.
    with tempfile.TemporaryDirectory(prefix="gpubox-pg-") as folder:
        server = Cluster(found[-1].parent, Path(folder))
        server.create()
        server.start()
        yield server
        server.stop()


class Database:
    """One empty database. `url` None: SQLite in `folder`."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder, self.url = folder, url

    @property
    def file(self) -> Path:
        return self.folder / "gpubox.sqlite3"

    def store(self) -> SqlStore:
        return sql_store(self.folder, self.url)


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Database:
    return Database(tmp_path / "state")


@pytest.fixture
def postgres_database(cluster: Cluster, tmp_path: Path) -> Iterator[Database]:
    name = f"t{uuid4().hex}"
    cluster.admin(f"CREATE DATABASE {name}")
    yield Database(tmp_path / "state", cluster.url(name))
    cluster.admin(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", ON_POSTGRES])
def database(request: pytest.FixtureRequest) -> Database:
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture
async def open_store(database: Database) -> AsyncIterator[Callable[[], Any]]:
    """Opens stores on the database, as many as asked for, and closes them."""
    stores: list[SqlStore] = []

    async def open_one() -> SqlStore:
        stores.append(database.store())
        await stores[-1].open()
        return stores[-1]

    yield open_one
    for store in stores:
        await store.close()


@pytest.fixture(params=["memory", "sqlite", ON_POSTGRES])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[MemoryStore | SqlStore]:
    if request.param == "memory":
        opened: MemoryStore | SqlStore = MemoryStore()
    else:
        opened = request.getfixturevalue(f"{request.param}_database").store()
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def make_box() -> Callable[..., Box]:
    def make(name: str = "studio", **changes: Any) -> Box:
        fields: dict[str, Any] = {
            "place": Place("acme", "us-west1-b", name),
            "intent": Intent.OFF,
            "cause": Cause.PERSON,
            "since": NOW,
        }
        return Box(name=name, **(fields | changes))

    return make


@pytest.fixture
def program_environment() -> dict[str, str]:
    """Where a child process finds the package under test."""
    return {**os.environ, "PYTHONPATH": str(Path(manager.__file__).parents[1])}


@pytest.fixture
def ordinary_user() -> Iterator[Callable[[Path], AbstractContextManager[None]]]:
    """Within it, this process has no more rights than anybody: root may write where nobody may."""

    @contextmanager
    def become(owned: Path) -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        nobody = pwd.getpwnam("nobody").pw_uid
        for path in (owned, *owned.rglob("*")):
            os.chown(path, nobody, -1)
        os.seteuid(nobody)
        try:
            yield
        finally:
            os.seteuid(0)

    return become


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users reach too; pytest's own are for one user only."""
    with tempfile.TemporaryDirectory(prefix="gpubox-store-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
