"""The calls under `/_gpubox/`, with which trials and tests rule the weather.

GET    faults                        [{id, kind, match, times, parameters}]
POST   faults                        {kind, match?, times? (null: for ever), parameters?} → the fault
DELETE faults[/{id}]
GET    ledger                        who was billed when; see `ledger.pages`
POST   machines/{instance}           {action: poweroff | preempt | crash | hang | halt | wake, project?, zone?}
GET    guest-attributes/{instance}   {namespace: {key: value}}
PUT    guest-attributes/{instance}   {namespace, key, value}, written as the guest would
POST   clock                         {advance: seconds} → {now}
GET    clock                         {now}
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from manager.adapters.embedded import ledger
from manager.adapters.embedded.clock import rfc3339
from manager.adapters.embedded.cloud import Cloud
from manager.adapters.embedded.errors import ApiError, not_found
from manager.adapters.embedded.housekeeping import settle
from manager.adapters.embedded.instances import events
from manager.adapters.embedded.instances.console import write_guest_attribute
from manager.adapters.embedded.instances.document import status
from manager.adapters.embedded.store import Json, part
from manager.adapters.embedded.timeline import GONE

_Handler = Callable[[Request], Awaitable[Response]]


class Admin:
    """The admin calls of one cloud."""

    def __init__(self, cloud: Cloud, changed: asyncio.Event) -> None:
        """Rule `cloud`; `changed` wakes whoever looks after the machines."""
        self._cloud = cloud
        self._changed = changed

    def routes(self) -> list[Route]:
        """Answer the routes."""
        table: list[tuple[str, str, _Handler]] = [
            ("GET", "/faults", self._faults),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("DELETE", "/faults/{id}", self._remove_fault),
            ("GET", "/ledger", self._ledger),
            ("POST", "/machines/{instance}", self._machine),
            ("GET", "/guest-attributes/{instance}", self._guest_attributes),
            ("PUT", "/guest-attributes/{instance}", self._write_guest_attribute),
            ("GET", "/clock", self._clock),
            ("POST", "/clock", self._advance),
        ]
        return [Route("/_gpubox" + path, self._told(handler), methods=[verb]) for verb, path, handler in table]

    def _told(self, handler: _Handler) -> _Handler:
        async def answer(request: Request) -> Response:
            try:
                answered = await handler(request)
            except ApiError as error:
                return JSONResponse(error.body(), error.status)
            except (KeyError, TypeError, ValueError) as error:
                return JSONResponse(ApiError(400, "invalid", f"{type(error).__name__}: {error}").body(), 400)
            self._changed.set()
            return answered

        return answer

    async def _faults(self, _request: Request) -> Response:
        return JSONResponse([asdict(fault) for fault in self._cloud.faults.all()])

    async def _add_fault(self, request: Request) -> Response:
        asked: Json = await request.json()
        parameters = part(asked, "parameters")
        fault = self._cloud.faults.add(asked["kind"], asked.get("match"), asked.get("times", 1), **parameters)
        return JSONResponse(asdict(fault), 201)

    async def _clear_faults(self, _request: Request) -> Response:
        self._cloud.faults.clear()
        return Response(status_code=204)

    async def _remove_fault(self, request: Request) -> Response:
        if not self._cloud.faults.remove(request.path_params["id"]):
            raise not_found(f"_gpubox/faults/{request.path_params['id']}")
        return Response(status_code=204)

    async def _ledger(self, _request: Request) -> Response:
        return JSONResponse({"instances": ledger.pages(self._cloud, self._cloud.now())})

    def _find(self, request: Request, asked: Json) -> Json:
        """Answer the instance by its name, and by project and zone where several have it."""
        name = request.path_params["instance"]
        now = self._cloud.now()
        settle(self._cloud, now)
        for body in self._cloud.store.all("instance"):
            wanted = body["name"] == name and status(body, now) != GONE
            if wanted and all(asked.get(field, body[field]) == body[field] for field in ("project", "zone")):
                return body
        raise not_found(f"_gpubox/machines/{name}")

    async def _machine(self, request: Request) -> Response:
        asked: Json = await request.json()
        with self._cloud.store.transaction():
            body = self._find(request, asked)
            events.befall(self._cloud, body, str(asked["action"]), self._cloud.now())
        return JSONResponse({"instance": body["name"], "status": status(body, self._cloud.now())})

    async def _guest_attributes(self, request: Request) -> Response:
        body = self._find(request, dict(request.query_params))
        return JSONResponse(self._cloud.store.get("guest-attributes", body["id"]) or {})

    async def _write_guest_attribute(self, request: Request) -> Response:
        asked: Json = await request.json()
        body = self._find(request, asked)
        if not write_guest_attribute(self._cloud, body, asked["namespace"], asked["key"], str(asked["value"])):
            raise ApiError(403, "forbidden", "Guest attributes endpoint access is disabled.")
        return Response(status_code=204)

    async def _clock(self, _request: Request) -> Response:
        return JSONResponse({"now": rfc3339(self._cloud.now())})

    async def _advance(self, request: Request) -> Response:
        seconds = float((await request.json())["advance"])
        if seconds < 0:
            raise ValueError("time passes forwards only")
        self._cloud.advance(seconds)
        return await self._clock(request)
