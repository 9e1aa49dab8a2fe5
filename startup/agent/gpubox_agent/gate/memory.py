"""What outlives a restart of the gate: which passes were used, the last statement, the sessions, the secret."""

import json
import os
import secrets
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gpubox_agent.gate.sessions import Sessions, Statement

_SECRET_BYTES = 32
_TABLES = """
create table if not exists used (id text primary key, until integer not null) without rowid;
create table if not exists admitted (session text primary key, issued integer not null, ends integer not null)
    without rowid;
create table if not exists last (one integer primary key check (one = 1), statement text not null);
"""


class AlreadyUsed(Exception):
    """The pass was there before."""


class Memory:
    """A small database in the gate's own folder. Calls raise sqlite3.Error where the disk does not take it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._database = sqlite3.connect(folder / "gate.sqlite3", isolation_level=None)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = full")
        self._database.executescript(_TABLES)
        self.secret = _keep_secret(folder / "cookie-secret")

    def close(self) -> None:
        """Let the database go."""
        self._database.close()

    def use(self, pass_id: str, until: int, now: float) -> None:
        """Write down that a pass was used; raises AlreadyUsed. Those that are refused for their age are forgotten."""
        with self._database:
            self._database.execute("delete from used where until < ?", (int(now),))
            try:
                self._database.execute("insert into used values (?, ?)", (pass_id, until))
            except sqlite3.IntegrityError:
                raise AlreadyUsed from None

    def keep_admitted(self, session: str, issued: int, ends: int, now: float) -> None:
        """Remember a session that a ticket has brought in."""
        with self._database:
            self._database.execute("delete from admitted where ends < ?", (int(now),))
            self._database.execute("insert or replace into admitted values (?, ?, ?)", (session, issued, ends))

    def keep_statement(self, sessions: Sessions) -> None:
        """Remember the last statement, and forget the sessions that it has ended."""
        if sessions.statement is None:
            return
        kept = asdict(sessions.statement) | {"sessions": sorted(sessions.statement.sessions)}
        with self._database:
            self._database.execute("insert or replace into last values (1, ?)", (json.dumps(kept),))
            self._database.execute("delete from admitted where issued < ?", (sessions.statement.issued,))

    def sessions(self) -> Sessions:
        """As they were kept. The monotonic moment of a statement means nothing in another boot, so it is dropped."""
        row: tuple[str] | None = self._database.execute("select statement from last").fetchone()
        rows: list[tuple[str, int]] = self._database.execute("select session, issued from admitted").fetchall()
        return Sessions(None if row is None else _statement(json.loads(row[0])), dict(rows))


def _statement(kept: dict[str, Any]) -> Statement:
    told: dict[str, Any] = {**kept, "sessions": frozenset(kept["sessions"]), "allowed": tuple(kept["allowed"])}
    told["at"] = 0.0
    return Statement(**told)


def _keep_secret(path: Path) -> bytes:
    """Made at the first start, readable by the gate only; a new one would end every cookie."""
    try:
        kept = path.read_bytes()
        if len(kept) == _SECRET_BYTES:
            return kept
        # Cut short by a full disk or a power cut: nothing was ever signed with it.
        path.unlink()
    except FileNotFoundError:
        pass
    made = secrets.token_bytes(_SECRET_BYTES)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(made)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return made
