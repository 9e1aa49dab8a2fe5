"""What the embedded cloud remembers: JSON documents in one SQLite file.

A request's writes are one transaction, so that a SIGKILL between any two lines leaves either all of them or none.
Nothing is kept in memory beside it: what is read is what would be read after a restart.
"""

import json
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def part(body: Json, name: str) -> Json:
    """Answer an object inside a body, empty where there is none."""
    return body.get(name) or {}


def parts(body: Json, name: str) -> list[Json]:
    """Answer a list of objects inside a body, empty where there is none."""
    return body.get(name) or []


_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    collection TEXT NOT NULL, key TEXT NOT NULL, due REAL, body TEXT NOT NULL,
    PRIMARY KEY (collection, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS document_due ON document (collection, due) WHERE due IS NOT NULL;
"""


class Store:
    """Documents by collection and key; safe to use from several threads."""

    def __init__(self, file: Path | None = None) -> None:
        """Open `file`, or memory where none is given."""
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Make everything inside happen together or not at all; may be nested."""
        with self._lock:
            if not self._depth:
                self._db.execute("BEGIN")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if not self._depth:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if not self._depth:
                self._db.execute("COMMIT")

    def get(self, collection: str, key: str) -> Json | None:
        """Answer a document, or None."""
        with self._lock:
            row = self._db.execute(
                "SELECT body FROM document WHERE collection = ? AND key = ?", (collection, key)
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, collection: str, key: str, body: Json, due: float | None = None) -> None:
        """Write a document. `due` is the moment from which `due()` lists it."""
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO document (collection, key, due, body) VALUES (?, ?, ?, ?)",
                (collection, key, due, json.dumps(body, separators=(",", ":"))),
            )

    def delete(self, collection: str, key: str) -> None:
        """Remove a document if it is there."""
        with self._lock:
            self._db.execute("DELETE FROM document WHERE collection = ? AND key = ?", (collection, key))

    def all(self, collection: str, prefix: str = "") -> list[Json]:
        """Answer the documents whose key begins with `prefix`, ordered by key."""
        with self._lock:
            rows = self._db.execute(
                "SELECT body FROM document WHERE collection = ? AND substr(key, 1, ?) = ? ORDER BY key",
                (collection, len(prefix), prefix),
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def due(self, collection: str, now: float) -> list[tuple[str, Json]]:
        """Answer keys and documents that are due at `now`, the longest overdue first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT key, body FROM document WHERE collection = ? AND due <= ? ORDER BY due", (collection, now)
            ).fetchall()
        return [(key, json.loads(body)) for key, body in rows]

    def count(self, counter: str) -> int:
        """Raise a named counter by one and answer it; the first answer is 1."""
        with self.transaction():
            value = int((self.get("counter", counter) or {"value": 0})["value"]) + 1
            self.put("counter", counter, {"value": value})
        return value

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
