"""One box: the same routes for the first one and for each by its name."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from starlette.responses import JSONResponse

from manager.web.deps import Published, claims_of, services_of
from manager.web.hosts import page_at
from manager.web.openapi import answers
from manager.web.reach_schemas import Update
from manager.web.routes.hot import KEEP_ALIVE_BODY, keep_alive_handler, status_handler
from manager.web.schemas import Alive, BoxList, Frame, FrameWay, Hold, Logs, Status


def instance_router(prefix: str, tag: str, name_of: Callable[[Request], str], *further: int) -> APIRouter:
    """The routes under a prefix; `name_of` finds the box a request is about, `further` are statuses that adds."""
    router = APIRouter(prefix=prefix, tags=[tag])

    router.add_api_route(
        "/status",
        status_handler(name_of),
        summary="What the box is doing",
        responses=answers(Status, *further),
    )
    router.add_api_route(
        "/keep-alive",
        keep_alive_handler(name_of),
        methods=["POST"],
        summary="Somebody is here",
        responses=answers(Alive, 413, 415, 422, *further),
        openapi_extra=dict(KEEP_ALIVE_BODY),
    )

    @router.post("/start", status_code=202, summary="Turn the box on", responses=answers(Status, 503, *further, ok=202))
    async def start(request: Request) -> Response:
        """Answers at once; repeating it is harmless, and while the box stops it is remembered."""
        return _state(await services_of(request).boxes.start(name_of(request)), 202)

    @router.post("/stop", status_code=202, summary="Turn the box off", responses=answers(Status, 503, *further, ok=202))
    async def stop(request: Request) -> Response:
        """Answers at once; repeating it is harmless."""
        return _state(await services_of(request).boxes.stop(name_of(request)), 202)

    @router.post("/hold", summary="Keep the box on", responses=answers(Status, 400, 413, 415, 422, 503, *further))
    async def hold(request: Request, body: Annotated[Hold | None, Body()]) -> Response:
        """Until a moment or for some minutes; null ends it."""
        services = services_of(request)
        until = body.moment(services.clock.now()) if body else None
        return _state(await services.boxes.hold(name_of(request), until))

    @router.post("/frame", summary="Open ComfyUI", responses=answers(Frame, 400, 409, 413, 415, 422, *further))
    async def frame(request: Request, body: Annotated[FrameWay | None, Body()] = None) -> Response:
        """Where this session finds ComfyUI, for a frame or a tab; each answer opens it once, within a minute."""
        way = None if body is None else body.way
        claims, page = claims_of(request), page_at(request.scope)
        found = await services_of(request).frames.frame(name_of(request), claims, way, page)
        return JSONResponse({"url": found.url, "way": found.way}, headers={"Cache-Control": "no-store"})

    @router.post(
        "/update",
        status_code=202,
        summary="Run another ComfyUI",
        responses=answers(Status, 400, 413, 415, 422, 503, *further, ok=202),
    )
    async def update(request: Request, body: Annotated[Update, Body()]) -> Response:
        """A box that is on updates by itself and keeps the version before where that fails; else at its next start."""
        return _state(await services_of(request).boxes.update(name_of(request), body.comfyui), 202)

    @router.get("/activity", summary="Why the box stays on", responses=answers(dict[str, Any], *further))
    async def activity(request: Request) -> Response:
        """Every signal that keeps the box on, its age, and the verdict in words."""
        return JSONResponse(services_of(request).boxes.activity(name_of(request)))

    @router.get("/logs", summary="What the machine wrote", responses=answers(Logs, 422, 502, 503, *further))
    async def logs(request: Request, start: Annotated[int, Query(ge=0, le=2**53)] = 0) -> Response:
        """Serial output from the offset `start` on, and the setup log."""
        return JSONResponse(await services_of(request).boxes.logs(name_of(request), start))

    _ = (start, stop, hold, update, frame, activity, logs)
    return router


def list_router() -> APIRouter:
    """The list of all boxes."""
    router = APIRouter(tags=["boxes"])

    @router.get("/api/boxes", summary="All boxes", responses=answers(BoxList))
    async def boxes(request: Request) -> Response:
        """Each with its status; the first one is /api/instance."""
        service = services_of(request).boxes
        listed = b",".join(service.status(name).body for name in service.names())
        return Response(b'{"boxes":[' + listed + b"]}", media_type="application/json")

    _ = boxes
    return router


def first_box(request: Request) -> str:
    """The box of /api/instance; where there is none at all, its name is not known either."""
    return next(iter(services_of(request).boxes.names()), "(none)")


def named_box(request: Request) -> str:
    """The box of /api/boxes/{name}."""
    return request.path_params["name"]


def _state(published: Published, status: int = 200) -> Response:
    return Response(published.body, status, media_type="application/json")


def asked_box(request: Request) -> str:
    """The box of ?box=, the first one where none is named."""
    return request.query_params.get("box") or first_box(request)
