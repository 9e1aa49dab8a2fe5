"""The gate itself: what is known, and the three things that happen to it: a question, a ticket, a statement."""

import logging
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpubox_agent.files import CLOSING, MANAGER, write_json
from gpubox_agent.gate import cookies
from gpubox_agent.gate.addresses import address as parsed
from gpubox_agent.gate.addresses import bound_to
from gpubox_agent.gate.box import Box
from gpubox_agent.gate.clock import GateClock
from gpubox_agent.gate.decide import Passed, Request, decide, is_prompt, may_come, still_may
from gpubox_agent.gate.memory import AlreadyUsed, Memory
from gpubox_agent.gate.passes import STATEMENT, TICKET, Pass, read_pass
from gpubox_agent.gate.refusal import Refused
from gpubox_agent.gate.reports import manager_json, report
from gpubox_agent.gate.sessions import Sessions, admit, hear

log = logging.getLogger(__name__)

# A browser ends the cookie by itself; nobody's session is longer than a year.
_LONGEST_COOKIE = 366 * 24 * 3600


@dataclass
class Gate:
    """Decides with what is in memory; the disk is for the next start.

    `folder` is /run/gpubox, `own` the folder of manager.json.
    """

    box: Box
    memory: Memory
    clock: GateClock
    folder: Path
    own: Path
    sessions: Sessions = field(init=False)
    _lately: dict[str, int] = field(default_factory=dict[str, int], init=False)

    def __post_init__(self) -> None:
        self.sessions = self.memory.sessions()
        if self.sessions.statement is not None:
            self.clock.not_before(self.sessions.statement.issued)

    def check(self, request: Request) -> Passed:
        """May this request pass? Raises Refused."""
        passed = decide(request, self.box.told, self.memory.secret, self.sessions, self.clock.now())
        if is_prompt(request) and (self.folder / CLOSING).exists():
            raise Refused("closing")
        return passed

    def check_again(self, request: Request, passed: Passed) -> None:
        """May what was let in stay? Raises Refused."""
        still_may(request, passed, self.box.told, self.memory.secret, self.sessions, self.clock.now())

    def enter(self, ticket: str, request: Request) -> str:
        """A ticket becomes a cookie: its Set-Cookie header. Raises Refused."""
        told, now = self.box.told, self.clock.now()
        client = may_come(request.address, told, self.sessions)
        if request.site not in ("", "same-origin"):
            # Whoever lures somebody into a session of their own would see what they make there.
            raise Refused("cross_site")
        read = read_pass(TICKET, ticket, told.keys, told.box, now)
        sessions, session = admit(self.sessions, read)
        ends = int(read.claims["ses"])
        if ends <= now:
            raise Refused("ended")
        try:
            self.memory.use(read.id, read.until, now)
            self.memory.keep_admitted(session, read.issued, ends, now)
        except AlreadyUsed:
            raise Refused("used") from None
        except sqlite3.Error as error:
            # Without a word of it on the disk, the ticket would be good once more after a restart.
            log.error("the ticket cannot be written down: %s", error)  # noqa: TRY400 - a full disk needs no trace
            raise Refused("unavailable") from None
        self.sessions = sessions
        log.info("session %s comes in from %s", session[:8], client)
        seconds = min(int(ends - now), _LONGEST_COOKIE)
        return cookies.header(
            cookies.sign(cookies.Cookie(session, bound_to(client), told.box, ends), self.memory.secret), seconds
        )

    def hear(self, statement: str, address: str) -> dict[str, Any]:
        """The manager's word; the report. Raises Refused."""
        client = parsed(address)
        if client is None:
            raise Refused("address")
        told = self._read_statement(statement)
        now, monotonic = self.clock.now(), self.clock.monotonic()
        sessions = hear(self.sessions, told, str(client), monotonic, now)
        self._use(told, now)
        before = self.sessions.statement
        if before is None or before.address != str(client):
            log.info("the manager speaks from %s", client)
        self.sessions = sessions
        self._keep()
        return report(self.folder, str(client), monotonic)

    def _read_statement(self, statement: str) -> Pass:
        told = self.box.told
        try:
            return read_pass(STATEMENT, statement, told.keys, told.box, self.clock.now())
        except Refused as refused:
            if refused.code != "too_early" or self.clock.synchronised():
                raise
        # This clock is behind, and nothing has set it yet: see clock.py for what a signed moment proves. Only a
        # statement may do this, and only a younger one than the last.
        ahead = read_pass(STATEMENT, statement, told.keys, told.box, _issued(statement))
        self.clock.not_before(ahead.issued)
        return ahead

    def _use(self, told: Pass, now: float) -> None:
        if self._lately.get(told.id, 0) >= now:
            raise Refused("used")
        self._lately = {name: until for name, until in self._lately.items() if until >= now} | {told.id: told.until}
        try:
            self.memory.use(told.id, told.until, now)
        except AlreadyUsed:
            raise Refused("used") from None
        except sqlite3.Error as error:
            # A full disk must not keep a logout from being heard; until a restart it is remembered here.
            log.warning("the statement cannot be written down: %s", error)

    def _keep(self) -> None:
        statement = self.sessions.statement
        if statement is None:
            return
        try:
            self.memory.keep_statement(self.sessions)
            write_json(self.own / MANAGER, manager_json(statement))
        except (sqlite3.Error, OSError) as error:
            log.warning("the manager's word cannot be kept: %s", error)


def _issued(statement: str) -> float:
    """The moment that a statement claims; whether it is signed is asked afterwards."""
    import jwt  # noqa: PLC0415 - asked for at most a few times in a boot

    claimed = jwt.decode(statement, options={"verify_signature": False}).get("iat")
    return float(claimed) if isinstance(claimed, int) else 0.0
