"""The gate before every route: who asks, whether they may, what every answer carries. Pure ASGI, because it is hot.

Closed unless listed: a route that is added later is behind the gate without anybody thinking of it.
"""

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from manager.application.ports import TokenClaims
from manager.domain.errors import CrossSiteRefused, GpuboxError, NotAuthenticated
from manager.web.credentials import Credential, credentials_in, own_request, read_proof
from manager.web.deps import Services, Visitor
from manager.web.errors import LARGEST_BODY, internal, problem
from manager.web.proxies import Proxies

# Pages look at the session themselves: without one they lead to the login.
_OPEN = frozenset({"/", "/login", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics", "/api/auth/login"})
_OPEN_FOLDER = "/static/"
_HEALTH = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = {method: method for method in ("GET", "HEAD", "POST")}

_EVERY_ANSWER = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
_DATA = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"cache-control", b"no-store"),
]
_HSTS = (b"strict-transport-security", b"max-age=31536000")


class Gate:
    """Lets a request in, or answers it with a problem."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._login = services.login
        self._public_url = services.public_url
        self._https = (services.public_url or "").startswith("https://")
        self._proxies = Proxies(services.trusted_proxies)
        self._answers = services.counters.answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        secure = self._https or self._proxies.secure(scope)
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._answers[_METHODS.get(scope["method"], "other"), _kind(scope["path"]), message["status"]] += 1
                headers = message["headers"] = [*message["headers"], *_EVERY_ANSWER]
                if secure:
                    headers.append(_HSTS)
                # Pages and files bring their own policy and life time.
                names = {name for name, _ in headers}
                headers.extend(each for each in _DATA if each[0] not in names)
            await send(message)

        try:
            self._let_in(scope, secure)
            body = receive if scope["method"] == "GET" else _limited(receive, lambda: self._let_in(scope, secure))
            await self._app(scope, body, send_on)
        except GpuboxError as error:
            await problem(error.fault)(scope, receive, send_on)
        except Exception as error:
            if started:
                raise
            await internal(scope["path"], error)(scope, receive, send_on)

    def _let_in(self, scope: Scope, secure: bool) -> None:
        is_open = scope["path"] in _OPEN or scope["path"].startswith(_OPEN_FOLDER)
        try:
            claims = self._claims(scope, secure, is_open)
        except NotAuthenticated:
            if not is_open:
                raise
            claims = None
        scope["gpubox.visitor"] = Visitor(self._proxies.address(scope), secure, claims)

    def _claims(self, scope: Scope, secure: bool, is_open: bool) -> TokenClaims:
        proof = read_proof(scope)
        credentials = credentials_in(proof, secure)
        claims = self._session(credentials)
        # Open paths change nothing and show nothing to other origins, so a link from elsewhere may lead there.
        by_cookie = credentials[0].by_cookie
        if by_cookie and not (is_open or own_request(proof, scope["method"], secure, self._public_url)):
            raise CrossSiteRefused
        return claims

    def _session(self, credentials: list[Credential]) -> TokenClaims:
        """The session that one of them proves; raises NotAuthenticated, why the first one does not."""
        wrong = NotAuthenticated(why="missing")
        for credential in reversed(credentials):
            try:
                return self._login.session(credential.token)
            except NotAuthenticated as error:
                wrong = error
        raise wrong


def _limited(receive: Receive, let_in: Callable[[], None]) -> Receive:
    """A body that ends with 413 where it grows too large, and with 401 where its session has ended meanwhile.

    Whoever sends the head of a request may keep its body back until long after the logout.
    """
    size = 0

    async def receive_some() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST_BODY:
            raise HTTPException(413)
        if message["type"] == "http.request" and not message.get("more_body", False):
            try:
                let_in()
            except NotAuthenticated as error:
                # The framework takes every other exception here for a body that cannot be read.
                raise HTTPException(401) from error
        return message

    return receive_some


def _kind(path: str) -> str:
    """A few words for all paths, so that the figures cannot be flooded by made-up ones."""
    if path.startswith("/api/"):
        return "auth" if path.startswith("/api/auth/") else "events" if path.endswith("/events") else "api"
    return "static" if path.startswith(_OPEN_FOLDER) else "health" if path in _HEALTH else "page"
