"""Who may reach a box: the list, letting an address in, and taking that back."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from starlette.responses import JSONResponse

from manager.web.deps import services_of, visitor_of
from manager.web.openapi import answers
from manager.web.reach_schemas import Allow, Allowed


def allowed_router(prefix: str, tag: str, name_of: Callable[[Request], str], *further: int) -> APIRouter:
    """The routes under a prefix; `name_of` finds the box a request is about, `further` are statuses that adds."""
    router = APIRouter(prefix=prefix, tags=[tag])

    @router.get("/allowed", summary="Who may reach the box", responses=answers(Allowed, *further))
    async def allowed(request: Request) -> Response:
        """The networks with their ends, and where the panel sees you."""
        return JSONResponse(services_of(request).allowing.allowed(name_of(request), _address(request)))

    @router.post(
        "/allowed",
        summary="Let an address in",
        responses=answers(Allowed, 400, 409, 413, 415, 422, 503, *further),
    )
    async def allow(request: Request, body: Annotated[Allow, Body()]) -> Response:
        """Yours, or the one that is sent; doing it again changes its end."""
        services = services_of(request)
        until = body.moment(services.clock.now())
        return JSONResponse(await services.allowing.allow(name_of(request), _address(request), body.address, until))

    @router.delete("/allowed", summary="Let a network in no longer", responses=answers(Allowed, 422, 503, *further))
    async def remove(
        request: Request,
        network: Annotated[str, Query(max_length=64, description="As the list shows it.", examples=["84.20.30.40/32"])],
    ) -> Response:
        """Repeating it is harmless."""
        services = services_of(request)
        return JSONResponse(await services.allowing.remove(name_of(request), _address(request), network))

    _ = (allowed, allow, remove)
    return router


def _address(request: Request) -> str:
    return visitor_of(request.scope).address
