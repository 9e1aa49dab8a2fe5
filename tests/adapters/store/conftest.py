"""Databases to try the store on: memory, SQLite in a folder, and a PostgreSQL that lives for one test run."""

import os
import pwd
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

import manager
from manager.adapters.store.memory import MemoryStore
from manager.adapters.store.sql import SqlStore
from tests.adapters.store.support import Cluster, Database, OpenStore, OrdinaryUser

ON_POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)


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
async def open_store(database: Database) -> AsyncIterator[OpenStore]:
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


@pytest.fixture(scope="session")
def program_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where a child process finds the package under test, and keeps what was compiled for the next child."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    compiled = tmp_path_factory.mktemp("compiled")
    root = Path(manager.__file__).parents[1]
    return {**kept, "PYTHONPATH": str(root), "PYTHONPYCACHEPREFIX": str(compiled)}


@pytest.fixture
def ordinary_user() -> Iterator[OrdinaryUser]:
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
