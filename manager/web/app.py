"""The web application, put together from its collaborators."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from manager.domain.errors import GpuboxError
from manager.web import errors
from manager.web.deps import Services
from manager.web.gate import Gate
from manager.web.openapi import describe
from manager.web.routes import auth, health
from manager.web.routes.allowed import allowed_router
from manager.web.routes.events import events_router
from manager.web.routes.hot import hot_routes
from manager.web.routes.instance import asked_box, first_box, instance_router, list_router, named_box
from manager.web.routes.pages import pages_router, static_file

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_SILENT: Any = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


def create_app(services: Services, lifespan: Lifespan | None = None) -> FastAPI:
    """The application. `lifespan` starts and ends what runs beside it."""
    app = FastAPI(
        title="gpubox",
        summary="Turns a GPU box with ComfyUI on, and off again when nobody needs it.",
        version=services.version,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_SILENT,
    )
    app.state.services = services
    app.openapi = lambda: describe(app)
    # Routes are tried in this order, so the most used ones come first.
    app.router.routes.extend(hot_routes("/api/instance", first_box) + hot_routes("/api/boxes/{name}", named_box))
    for router in (
        instance_router("/api/instance", "instance", first_box),
        events_router("/api/events", "events", asked_box, 404),
        allowed_router("/api/instance", "instance", first_box),
        instance_router("/api/boxes/{name}", "boxes", named_box, 404),
        allowed_router("/api/boxes/{name}", "boxes", named_box, 404),
        events_router("/api/boxes/{name}/events", "boxes", named_box, 404),
        list_router(),
        auth.router,
        health.router,
        pages_router(services),
    ):
        app.include_router(router)
    app.router.routes.append(Route("/static/{name:path}", static_file))
    app.add_exception_handler(GpuboxError, errors.of_domain)
    app.add_exception_handler(HTTPException, errors.of_framework)
    app.add_exception_handler(RequestValidationError, errors.of_validation)
    app.add_middleware(Gate, services=services)
    return app
