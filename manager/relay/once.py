"""Tickets are good once."""

from datetime import datetime

from manager.domain.errors import NotAuthenticated
from manager.relay.ports import Ticket


class Once:
    """Remembers used tickets until they expire.

    What was used before this process began is not known to it, so a ticket from before `began` is not taken: the
    panel's page asks for another one.
    """

    def __init__(self, began: datetime) -> None:
        self._began = began.replace(microsecond=0)
        self._used: dict[str, datetime] = {}

    def use(self, ticket: Ticket, now: datetime) -> None:
        """Raises NotAuthenticated (why: expired, used)."""
        if ticket.issued_at < self._began:
            raise NotAuthenticated(why="expired")
        if ticket.id in self._used:
            raise NotAuthenticated(why="used")
        self._used = {key: expires for key, expires in self._used.items() if expires > now}
        self._used[ticket.id] = ticket.expires_at
