"""The latest lines of the log, for the page's own terminal, and on stderr."""

import sys
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from .node_types import Json

KEPT = 300  # lines, as in ComfyUI
SIZE = {"cols": 120, "rows": 24}  # characters of a terminal that nobody has
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Logbook:
    """Lines with their times. Safe to use from several threads."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._lines: deque[Json] = deque(maxlen=KEPT)
        self._subscribers: set[str] = set()
        # Set by who can reach the pages: called with the entry and the clients that want it.
        self.publish: Callable[[Json, str], None] = lambda _data, _client_id: None

    def write(self, text: str) -> None:
        """Add a line."""
        at = EPOCH + timedelta(milliseconds=self._now_ms())
        entry: Json = {"t": at.replace(tzinfo=None).isoformat(), "m": f"{text}\n"}
        with self._lock:
            self._lines.append(entry)
            subscribers = list(self._subscribers)
        sys.stderr.write(entry["m"])
        for client_id in subscribers:
            self.publish({"entries": [entry], "size": SIZE}, client_id)

    def entries(self) -> list[Json]:
        """Give the lines, oldest first."""
        with self._lock:
            return list(self._lines)

    def subscribe(self, client_id: str, *, wanted: bool) -> None:
        """Send new lines to a client, or no longer."""
        with self._lock:
            if wanted:
                self._subscribers.add(client_id)
            else:
                self._subscribers.discard(client_id)
