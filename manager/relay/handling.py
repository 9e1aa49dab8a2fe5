"""One request from its first look to its end: who asks, may they, where to; then pass it on."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from aiohttp import ClientError, WSServerHandshakeError
from aiohttp.web import BaseRequest, Response, StreamResponse, WebSocketResponse

from manager.relay import headers, pages
from manager.relay.asked import Asked, panel_origins, read_request
from manager.relay.cookie import RelayCookie, Visit
from manager.relay.entering import Entering
from manager.relay.passing import pass_on
from manager.relay.paths import OWN_FOLDER, is_own
from manager.relay.ports import Sessions, Target, Targets
from manager.relay.sockets import pass_socket
from manager.relay.upstream import Upstream, why
from manager.relay.visits import Visits
from manager.web.proxies import Proxies

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_RETRY_SECONDS = 10
# TRACE would show the page the bearer, CONNECT is for another kind of proxy.
_NEVER = ("TRACE", "CONNECT")


class Refused(Exception):
    """Nothing is passed on; `retry_after` in seconds."""

    def __init__(self, status: int, code: str, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.retry_after = retry_after


class Handling:
    """Answers every request of the relay."""

    def __init__(
        self,
        *,
        targets: Targets,
        sessions: Sessions,
        cookie: RelayCookie,
        entering: Entering,
        visits: Visits,
        upstream: Upstream,
        proxies: Proxies,
        now: Callable[[], datetime],
        panel_url: str,
        relay_url: str,
    ) -> None:
        self._targets = targets
        self._sessions = sessions
        self._cookie = cookie
        self._entering = entering
        self._visits = visits
        self._upstream = upstream
        self._proxies = proxies
        self._now = now
        self._panel_url = panel_url
        self._relay_url = relay_url

    async def __call__(self, request: BaseRequest) -> StreamResponse:
        """The answer; the connection is closed where it breaks off in the middle."""
        asked = read_request(
            request.method,
            request.raw_path,
            request.raw_headers,
            request.remote or "",
            self._proxies,
            self._relay_url,
        )
        ancestors = panel_origins(asked, self._panel_url)
        try:
            return await self._answer(request, asked, ancestors)
        except Refused as refused:
            as_page = "text/html" in request.headers.get("Accept", "") and not asked.is_socket
            return pages.refusal(
                refused.status, refused.code, ancestors, as_page=as_page, retry_after=refused.retry_after
            )

    async def _answer(self, request: BaseRequest, asked: Asked, ancestors: Sequence[str]) -> StreamResponse:
        if not asked.target.startswith("/") or asked.method in _NEVER:
            raise Refused(400, "bad_request")
        if asked.target.startswith(OWN_FOLDER):
            return await self._entering.answer(request, asked, ancestors)
        visit = self._let_in(asked)
        target = self._targets(visit.box)
        if target is None:
            raise Refused(503, "box_off", _RETRY_SECONDS)
        return await self._pass(request, asked, visit, target, ancestors)

    def _let_in(self, asked: Asked) -> Visit:
        """Who may pass; raises Refused."""
        if is_own(asked.target):
            raise Refused(404, "not_found")
        visit = self._cookie.read(asked.proof.cookie, asked.address, self._now(), secure=asked.secure)
        if visit is None:
            raise Refused(401, "missing")
        if not self._sessions.alive(visit.session, visit.ends):
            raise Refused(401, "ended")
        if not asked.comes_from_own_page(self._relay_url):
            raise Refused(403, "cross_site_refused")
        if asked.is_service_worker:
            raise Refused(403, "no_service_worker")
        return visit

    async def _pass(
        self, request: BaseRequest, asked: Asked, visit: Visit, target: Target, ancestors: Sequence[str]
    ) -> StreamResponse:
        to_box = headers.to_box(request.headers.items(), asked, target)
        over = asyncio.Event()
        try:
            if asked.is_socket:
                if not WebSocketResponse().can_prepare(request).ok:
                    raise Refused(400, "bad_request")
                with self._visits.hold(visit, over.set):
                    return await pass_socket(request, self._upstream, target, to_box, over)
            with self._visits.hold(visit, lambda: _abort(request)):
                return await pass_on(
                    request,
                    self._upstream,
                    target,
                    to_box,
                    lambda answered: headers.to_browser(answered, target, ancestors),
                )
        except WSServerHandshakeError as error:
            log.info("the box refused a WebSocket", box=visit.box, status=error.status)
            raise Refused(502 if error.status in (200, 101) else error.status, "silent") from error
        except (ClientError, OSError) as error:
            if request.transport is None or request.transport.is_closing():
                return Response(status=499)  # the browser has gone away, or its session is over: nobody hears this
            code = why(error)
            if code == "certificate":
                log.warning("the box shows another certificate than the one it named", box=visit.box)
            else:
                log.info("the box does not answer", box=visit.box, kind=type(error).__name__)
            raise Refused(502, code, _RETRY_SECONDS) from error


def _abort(request: BaseRequest) -> None:
    """End a request at once; its task is cancelled with its connection."""
    if request.transport is not None:
        request.transport.abort()
