"""What the relay asks of the rest of the program."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Target:
    """A box that is on.

    `url` is `https://host[:port]`, `bearer` what opens its gate. `certificate` (PEM) is the only one that it may
    show; None for a box with a domain, whose certificate the usual authorities vouch for.
    """

    url: str
    certificate: str | None
    bearer: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket says that was signed by the panel and has not expired."""

    id: str
    box: str
    session: str
    session_ends: datetime
    issued_at: datetime
    expires_at: datetime


class Targets(Protocol):
    """Where a box is."""

    def __call__(self, box: str) -> Target | None:
        """The box's target; None while it is not on or has not said its certificate yet."""
        ...


class Tickets(Protocol):
    """Reads tickets."""

    def __call__(self, token: str) -> Ticket:
        """The ticket; raises NotAuthenticated (why: expired, invalid)."""
        ...


class Sessions(Protocol):
    """The panel's sessions, by their id and the moment they end."""

    def alive(self, session: str, ends: datetime) -> bool:
        """Whether the session goes on."""
        ...

    async def ended(self, session: str, ends: datetime) -> None:
        """Returns when the session is over."""
        ...
