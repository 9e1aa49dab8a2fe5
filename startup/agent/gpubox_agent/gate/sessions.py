"""Which sessions live. The manager's statements name them; a ticket adds its own at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from gpubox_agent.gate.addresses import Network, networks
from gpubox_agent.gate.passes import SKEW, Pass
from gpubox_agent.gate.refusal import Refused


@dataclass(frozen=True)
class Statement:
    """What the manager said last. `issued` is in seconds since 1970, `at` in seconds of CLOCK_MONOTONIC.

    `allowed` empty is everybody. Raw values of the claims where nothing here asks for them.
    """

    issued: int
    at: float
    address: str
    sessions: frozenset[str] = frozenset()
    allowed: tuple[str, ...] = ()
    keep_alive_age_s: float | None = None
    hold_s: float | None = None
    stopping: bool = False

    @property
    def networks(self) -> tuple[Network, ...]:
        """The networks that may pass."""
        return networks(self.allowed)


@dataclass(frozen=True)
class Sessions:
    """The last statement, and when the ticket of each session that came by one was issued."""

    statement: Statement | None = None
    admitted: Mapping[str, int] = field(default_factory=dict[str, int])

    def lives(self, session: str) -> bool:
        """Whether the session has not ended, as far as the box has been told.

        A ticket that is younger than the statement was made for a session that the statement could not know.
        Before the first statement, what tickets have admitted lives: the manager may be dead, and its sessions not.
        """
        if self.statement is not None and session in self.statement.sessions:
            return True
        issued = self.admitted.get(session)
        return issued is not None and (self.statement is None or issued >= self.statement.issued)


def admit(sessions: Sessions, ticket: Pass) -> tuple[Sessions, str]:
    """A ticket brings its session in; raises Refused where that session is known to have ended since."""
    session, ends = ticket.claims.get("sub"), ticket.claims.get("ses")
    if not isinstance(session, str) or not session or type(ends) is not int:
        raise Refused("malformed")
    admitted = replace(sessions, admitted={**sessions.admitted, session: ticket.issued})
    if not admitted.lives(session):
        raise Refused("ended")
    return admitted, session


def hear(sessions: Sessions, told: Pass, address: str, at: float, now: float) -> Sessions:
    """A statement takes the place of the one before it; raises Refused where it is an older one.

    A last statement from the future cannot be true, so it does not lock out those that follow it.
    """
    last = sessions.statement
    if last is not None and last.issued <= now + SKEW and told.issued < last.issued:
        raise Refused("stale")
    statement = _statement(told, address, at)
    kept = {name: issued for name, issued in sessions.admitted.items() if issued >= statement.issued}
    return Sessions(statement, kept)


def _statement(told: Pass, address: str, at: float) -> Statement:
    claims = told.claims
    return Statement(
        issued=told.issued,
        at=at,
        address=address,
        sessions=frozenset(_texts(claims.get("sessions"))),
        allowed=_texts(claims.get("allowed")),
        keep_alive_age_s=_seconds(claims.get("keep_alive_age_s")),
        hold_s=_seconds(claims.get("hold_s")),
        stopping=claims.get("stopping") is True,
    )


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Refused("malformed")
    items = cast("list[Any]", value)
    if not all(isinstance(item, str) for item in items):
        raise Refused("malformed")
    return tuple(items)


def _seconds(value: Any) -> float | None:
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    raise Refused("malformed")
