"""For those who watch the program: alive, ready, figures."""

import asyncio
import hmac

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse, PlainTextResponse

from manager.domain.errors import NotAuthenticated, StoreUnavailable
from manager.web.credentials import read_proof
from manager.web.deps import Services, services_of, visitor_of
from manager.web.errors import problem
from manager.web.hosts import host_in, names_this_computer
from manager.web.openapi import answers
from manager.web.proxies import forwarded, is_loopback
from manager.web.schemas import Health

_PATIENCE_SECONDS = 2.0

_FIGURES = {
    200: {"description": "All figures.", "content": {"text/plain": {"schema": {"type": "string"}}}},
    **answers(None, 401, signed_in=False),
}

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Alive?", responses=answers(Health, signed_in=False))
async def healthz() -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", summary="Ready?", responses=answers(Health, 503, signed_in=False))
async def readyz(request: Request) -> Response:
    """The database can be used and the loop is running."""
    services = services_of(request)
    try:
        await asyncio.wait_for(services.ping(), _PATIENCE_SECONDS)
    except TimeoutError:
        raise StoreUnavailable(detail=f"It did not answer within {_PATIENCE_SECONDS:g} seconds.") from None
    fault = services.readiness()
    return problem(fault) if fault else JSONResponse({"status": "ok"})


@router.get("/metrics", summary="Figures for Prometheus", responses=_FIGURES, response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Open to this computer itself; from elsewhere with a session or with METRICS_TOKEN as bearer."""
    services = services_of(request)
    if not _may_read_metrics(request, services):
        raise NotAuthenticated(why="missing")
    from manager.web.metrics import CONTENT_TYPE, exposition  # noqa: PLC0415 - imported when somebody asks

    return Response(exposition(services), media_type=CONTENT_TYPE)


def _may_read_metrics(request: Request, services: Services) -> bool:
    visitor = visitor_of(request.scope)
    if visitor.claims is not None:
        return True
    scheme, _, token = read_proof(request.scope).authorization.partition(" ")
    if services.metrics_token and scheme.lower() == "bearer":
        return hmac.compare_digest(token.strip().encode(), services.metrics_token.encode())
    # A proxy on this computer looks like this computer, so nothing that was passed on counts as local. Nor does a page
    # in a browser here whose name was made to lead here.
    local = is_loopback(visitor.address) and not forwarded(request.scope)
    return local and names_this_computer(host_in(read_proof(request.scope).host))
