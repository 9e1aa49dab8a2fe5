"""One request's way: in through the faults that strike before, to its handler, and out through those after.

Everything that a request changes, the countdown of its faults aside, is one transaction.
"""

import asyncio
import json
import uuid
from collections import deque
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from manager.adapters.embedded import operations
from manager.adapters.embedded.call import Call, Method
from manager.adapters.embedded.cloud import Cloud, key
from manager.adapters.embedded.errors import ApiError, invalid
from manager.adapters.embedded.faults import AFTER, BEFORE, Fault
from manager.adapters.embedded.housekeeping import settle
from manager.adapters.embedded.instances.document import machine_type
from manager.adapters.embedded.links import absolute, name_of
from manager.adapters.embedded.refusals import refusal
from manager.adapters.embedded.store import Json

_WAIT_SECONDS = 120.0
_LOOK_SECONDS = 0.1
_REMEMBERED = 16
HANG_UP = "gpubox.hang-up"  # the name of the ASGI extension that closes a connection without an answer


@dataclass(slots=True)
class Answers:
    """What reads answered lately, by URL: what a stale read answers again."""

    by_url: dict[str, deque[tuple[float, Json]]] = field(default_factory=dict[str, "deque[tuple[float, Json]]"])

    def remember(self, url: str, now: float, answer: Json) -> None:
        """Keep an answer."""
        self.by_url.setdefault(url, deque(maxlen=_REMEMBERED)).append((now, answer))

    def stale(self, url: str, before: float) -> Json | None:
        """Answer the newest answer from `before` or earlier, else the oldest there is."""
        known = self.by_url.get(url)
        if not known:
            return None
        return next((answer for at, answer in reversed(known) if at <= before), known[0][1])


@dataclass(slots=True)
class Delivery:
    """Delivers requests to the handlers of one cloud. `changed` is set after whatever may have changed machines."""

    cloud: Cloud
    changed: asyncio.Event
    answers: Answers = field(default_factory=Answers)

    async def answer(self, request: Request, method: Method) -> Response:
        """Answer a request for an API method."""
        try:
            call = await self._call(request, method)
            if fault := self._take(call, BEFORE):
                raise refusal(fault, call.facts, _target(call))
            if fault := self._take(call, frozenset({"slow-answer"})):
                await asyncio.sleep(fault.seconds(5))
            shown = await self._handled(call, method, str(request.url))
            if fault := self._take(call, AFTER):
                return await self._spoiled(request, call, fault)
        except ApiError as error:
            return JSONResponse(error.body(), error.status)
        return JSONResponse(shown)

    async def _call(self, request: Request, method: Method) -> Call:
        base = f"http://{_endpoint(request)}/compute/v1/"
        call = Call(method.id, request.path_params, request.query_params, await _body(request), self.cloud.now(), base)
        call.facts = {"method": method.id, "project": call.path.get("project", "")}
        call.facts |= {name: call.path[name] for name in ("zone", "instance") if name in call.path}
        if method.id.startswith("instances.") and "zone" in call.path:
            call.facts |= self._box(call)
        return call

    def _box(self, call: Call) -> dict[str, str]:
        """Answer what faults may match on: the instance and its machine type."""
        if call.method == "instances.insert":
            wanted = name_of(str(call.body.get("machineType") or ""))
            return {"instance": str(call.body.get("name") or ""), "machine_type": wanted}
        body = self.cloud.store.get("instance", key(call.project, call.zone, call.path.get("instance", "")))
        return {"machine_type": machine_type(body)} if body else {}

    def _take(self, call: Call, kinds: frozenset[str]) -> Fault | None:
        return self.cloud.faults.take(kinds, call.facts)

    async def _handled(self, call: Call, method: Method, url: str) -> Json:
        reads = method.verb == "GET"
        if reads and (fault := self._take(call, frozenset({"stale-read"}))):
            old = self.answers.stale(url, call.now - fault.seconds(10))
            if old is not None:
                return old
        shown = self._once(call, method)
        if not reads and self._take(call, frozenset({"duplicate"})):
            self._again(call, method)
        if method.id.endswith("Operations.wait"):
            shown = await self._wait(call, method, shown)
        if reads:
            self.answers.remember(url, call.now, shown)
        else:
            self.changed.set()
        return shown

    def _once(self, call: Call, method: Method) -> Json:
        """Handle a call in one transaction; one whose requestId is known already is not done again."""
        with self.cloud.store.transaction():
            settle(self.cloud, call.now)
            request_id = _request_id(call)
            known = self.cloud.store.get("request", key(call.project, request_id)) if request_id else None
            if known:
                body = self.cloud.store.get("operation", known["operation"])
                if body:
                    return absolute(operations.render(body, call.now), call.base)
            shown = method.handler(self.cloud, call)
            if request_id and shown.get("kind") == "compute#operation":
                operation = key(call.project, call.scope, shown["name"])
                self.cloud.store.put("request", key(call.project, request_id), {"operation": operation}, call.now)
        return absolute(shown, call.base)

    def _again(self, call: Call, method: Method) -> None:
        """Deliver the same request once more; nobody reads the answer."""
        try:
            self._once(call, method)
        except ApiError:
            return

    async def _wait(self, call: Call, method: Method, shown: Json) -> Json:
        """Hold the answer until the operation is DONE, two minutes at most."""
        for _ in range(round(_WAIT_SECONDS / _LOOK_SECONDS)):
            if shown["status"] == "DONE":
                break
            await asyncio.sleep(_LOOK_SECONDS)
            shown = self._once(replace(call, now=self.cloud.now()), method)
        return shown

    async def _spoiled(self, request: Request, call: Call, fault: Fault) -> Response:
        """The effect took place, the answer does not arrive."""
        if fault.kind == "lost-answer":
            return HungUp(request)
        raise refusal(fault, call.facts, _target(call))


class HungUp(Response):
    """Close the connection without a word."""

    def __init__(self, request: Request) -> None:
        """Take the way to hang up from the server, which offers it as an extension."""
        super().__init__(status_code=503)
        self._extensions: Json = request.scope.get("extensions") or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hang up; a server that cannot answers 503, which tells as little."""
        if HANG_UP not in self._extensions:
            await super().__call__(scope, receive, send)
            return
        self._extensions[HANG_UP]["now"]()
        await receive()  # answers when the connection is gone


def _endpoint(request: Request) -> str:
    """Answer host and port as the client calls them; some clients leave the port out of the Host header."""
    host = request.headers.get("host", "127.0.0.1")
    port = (request.scope.get("server") or ("", None))[1]
    return host if port is None or host.rpartition(":")[2].isdigit() else f"{host}:{port}"


def _target(call: Call) -> str:
    collection = call.method.partition(".")[0]
    for name in ("instance", "disk", "firewall", "address", "snapshot", "operation"):
        if name in call.path:
            kind = "operations" if name == "operation" else collection
            return f"projects/{call.project}/{call.scope}/{kind}/{call.path[name]}"
    return f"projects/{call.project}"


def _request_id(call: Call) -> str | None:
    """Answer the requestId; 400 for one that is no UUID, or all zeros."""
    given = call.query.get("requestId")
    if given is None:
        return None
    try:
        number = uuid.UUID(given)
    except ValueError as error:
        raise invalid("requestId", given, "Must be a valid UUID.") from error
    if not number.int:
        raise invalid("requestId", given, "The zero UUID is not supported.")
    return str(number)


async def _body(request: Request) -> Json:
    content = await request.body()
    if not content:
        return {}
    try:
        body = json.loads(content)
    except ValueError as error:
        raise ApiError(400, "parseError", "Parse Error") from error
    if not isinstance(body, dict):
        raise ApiError(400, "parseError", "Parse Error")
    return body  # pyright: ignore[reportUnknownVariableType]
