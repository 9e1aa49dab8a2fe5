"""A store that forgets everything when the process ends: for trials and for tests."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from manager.adapters.store.mapping import (
    box_from_row,
    box_to_row,
    entry_from_row,
    entry_to_row,
    session_from_row,
    session_to_row,
)
from manager.domain.box import Box
from manager.domain.cost import Session
from manager.domain.errors import BoxExists, Conflict
from manager.domain.journal import Entry


class MemoryStore:
    """Behaves like `SqlStore`, down to what JSON does to a fault's data."""

    def __init__(self) -> None:
        self._boxes: dict[str, dict[str, Any]] = {}
        self._journal: list[dict[str, Any]] = []
        self._sessions: dict[tuple[str, datetime], Session] = {}
        self._revoked: dict[str, datetime] = {}
        self._secrets: dict[str, str] = {}
        self._leads = False

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Give the leadership back."""
        self._leads = False

    async def acquire_leadership(self) -> bool:
        """Whether this call took it; nobody else can reach this store."""
        taken, self._leads = not self._leads, True
        return taken

    async def boxes(self) -> Sequence[Box]:
        """All boxes, the first one first."""
        return [box_from_row(row) for row in self._boxes.values()]

    async def add_box(self, box: Box) -> None:
        """Remember a new box; raises BoxExists."""
        if box.name in self._boxes:
            raise BoxExists(name=box.name)
        self._boxes[box.name] = box_to_row(box)

    async def save_box(self, box: Box) -> Box:
        """Save; the answer carries the next version. Raises Conflict if somebody saved or removed it meanwhile."""
        kept = self._boxes.get(box.name)
        if kept is None or kept["version"] != box.version:
            raise Conflict(detail=f"box {box.name} changed meanwhile")
        saved = replace(box, version=box.version + 1)
        self._boxes[box.name] = box_to_row(saved)
        return saved

    async def remove_box(self, name: str) -> None:
        """Forget a box, not its journal and its sessions."""
        self._boxes.pop(name, None)

    async def write_journal(self, entry: Entry) -> None:
        """Append to the journal."""
        self._journal.append(entry_to_row(entry))

    async def journal(self, box: str, limit: int) -> Sequence[Entry]:
        """The latest entries, newest first; of two at the same moment, the one written last."""
        # Sorting keeps the order of equals, so turning both around puts the last written first.
        rows = sorted((row for row in self._journal if row["box"] == box), key=lambda row: row["at"])
        return [entry_from_row(row) for row in rows[::-1][:limit]]

    async def save_session(self, session: Session) -> None:
        """Insert or update a billed session, by box and start."""
        kept = session_from_row(session_to_row(session))
        self._sessions[kept.box, kept.started_at] = kept

    async def sessions(self, box: str, since: datetime) -> Sequence[Session]:
        """Sessions that ended after `since` or are still open, oldest first."""
        found = (
            session
            for session in self._sessions.values()
            if session.box == box and (session.ended_at is None or session.ended_at > since)
        )
        return sorted(found, key=lambda session: session.started_at)

    async def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        """A token is dead from now on; it is remembered until it would have expired."""
        self._revoked[token_id] = expires_at

    async def revoked_tokens(self, now: datetime) -> dict[str, datetime]:
        """Dead tokens that have not expired yet; older ones are forgotten."""
        self._revoked = {name: expires for name, expires in self._revoked.items() if expires > now}
        return dict(self._revoked)

    async def read_secret(self, name: str) -> str | None:
        """A small value kept for the program itself."""
        return self._secrets.get(name)

    async def write_secret(self, name: str, value: str) -> None:
        """Keep such a value."""
        self._secrets[name] = value

    async def prune(self, before: datetime) -> int:
        """Forget journal entries, closed sessions and expired tokens older than this; returns how many."""
        count = len(self._journal) + len(self._sessions) + len(self._revoked)
        self._journal = [row for row in self._journal if row["at"] >= before]
        self._sessions = {
            key: session
            for key, session in self._sessions.items()
            if session.ended_at is None or session.ended_at >= before
        }
        self._revoked = {name: expires for name, expires in self._revoked.items() if expires >= before}
        return count - len(self._journal) - len(self._sessions) - len(self._revoked)

    async def ping(self) -> None:
        """Memory can always be read and written."""
