"""What the tests of the store share: a PostgreSQL that lives for one run, databases, a small disk, a box."""

import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from manager.adapters.store.choose import sql_store
from manager.adapters.store.sql import SqlStore
from manager.domain.box import Box, Cause, Intent, Place

PASSWORD = "correct-horse"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

OpenStore = Callable[[], Awaitable[SqlStore]]
OrdinaryUser = Callable[[Path], AbstractContextManager[None]]


def make_box(name: str = "studio", **changes: Any) -> Box:
    fields: dict[str, Any] = {
        "place": Place("acme", "us-west1-b", name),
        "intent": Intent.OFF,
        "cause": Cause.PERSON,
        "since": NOW,
    }
    return Box(name=name, **(fields | changes))


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
        self.run("initdb", "--no-sync", "-U", "gpubox", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8")

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


class Database:
    """One empty database. `url` None: SQLite in `folder`."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder, self.url = folder, url

    @property
    def file(self) -> Path:
        return self.folder / "gpubox.sqlite3"

    def store(self) -> SqlStore:
        return sql_store(self.folder, self.url)


@contextmanager
def small_disk(folder: Path, size: str, owner: str | None = None) -> Iterator[Path]:
    """A disk of this size at this folder; skips the test where it cannot be mounted."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(mount, check=False, capture_output=True, text=True)  # noqa: S603 - a tool of the system
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    if owner:
        shutil.chown(folder, owner)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607 - likewise
