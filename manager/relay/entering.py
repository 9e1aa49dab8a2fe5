"""The relay's own folder: how a browser is let in, and two small questions that need no cookie."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime

from aiohttp.web import BaseRequest, Response

from manager.domain.errors import NotAuthenticated
from manager.relay import pages
from manager.relay.asked import Asked
from manager.relay.cookie import RelayCookie, Visit, mark_of, network_of
from manager.relay.once import Once
from manager.relay.paths import OWN_FOLDER
from manager.relay.ports import Sessions, Tickets

_LARGEST_BODY = 8 * 1024  # bytes
_READING = ("GET", "HEAD")


class Entering:
    """Answers what lies under `/_gpubox/`; nothing of it ever reaches a box."""

    def __init__(
        self,
        tickets: Tickets,
        sessions: Sessions,
        cookie: RelayCookie,
        now: Callable[[], datetime],
        *,
        box: str,
        relay_url: str,
    ) -> None:
        self._tickets = tickets
        self._sessions = sessions
        self._cookie = cookie
        self._now = now
        self._box = box
        self._relay_url = relay_url
        self._once = Once(now())

    async def answer(self, request: BaseRequest, asked: Asked, ancestors: Sequence[str]) -> Response:
        """One of the few answers, or 404."""
        name = asked.target.partition("?")[0].removeprefix(OWN_FOLDER)
        if name == "enter" and asked.method == "POST":
            return await self._enter(request, asked, ancestors)
        if asked.method in _READING:
            if name == "enter":
                return pages.enter_page(ancestors)
            if name == "probe.html":
                return pages.probe_page(ancestors)
            if name == "health":
                return pages.nothing(204, ancestors)
        return pages.refusal(404, "not_found", ancestors, as_page=False)

    async def _enter(self, request: BaseRequest, asked: Asked, ancestors: Sequence[str]) -> Response:
        if not asked.comes_from_own_page(self._relay_url):
            return pages.refusal(403, "cross_site_refused", ancestors, as_page=False)
        try:
            visit = self._visit(await _ticket(request), asked)
        except NotAuthenticated as error:
            return pages.refusal(401, str(error.data["why"]), ancestors, as_page=False)
        answer = pages.nothing(204, ancestors)
        answer.headers[pages.BOX] = mark_of(self._box)
        answer.headers["Set-Cookie"] = self._cookie.write(visit, self._now(), secure=asked.secure)
        return answer

    def _visit(self, token: str, asked: Asked) -> Visit:
        """The visit that a ticket opens; raises NotAuthenticated (why: expired, used, ended, invalid)."""
        ticket = self._tickets(token)
        if ticket.box != self._box:
            raise NotAuthenticated(why="invalid")
        self._once.use(ticket, self._now())
        if not self._sessions.alive(ticket.session, ticket.session_ends):
            raise NotAuthenticated(why="ended")
        return Visit(ticket.session, ticket.session_ends, ticket.box, network_of(asked.address))


async def _ticket(request: BaseRequest) -> str:
    """The ticket in the body; raises NotAuthenticated where there is none."""
    if (request.content_length or 0) > _LARGEST_BODY or request.content_length is None:
        raise NotAuthenticated(why="invalid")
    try:
        ticket = json.loads(await request.read())["ticket"]
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise NotAuthenticated(why="invalid") from error
    if not isinstance(ticket, str):
        raise NotAuthenticated(why="invalid")
    return ticket
