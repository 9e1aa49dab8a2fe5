"""All parts together: one ASGI app."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from .clock import wall_clock_ms
from .custom_nodes import NodeHost, load_custom_nodes
from .executor import Executor
from .folders import Folders
from .frontend import MISSING, Frontend, extension_files, installed_frontend, page_routes
from .guard import Guard
from .hub import Hub
from .logbook import Logbook
from .model_paths import custom_node_folders
from .options import Options
from .parts import Parts, queue_info, server_features
from .queue import PromptQueue
from .routes import api_routes, internal_routes

# What makes the official page a demo (its default graph, its banner), served as a custom node's script would be.
DEMO_WEB = Path(__file__).parent / "web"


def create_app(
    options: Options, now_ms: Callable[[], int] = wall_clock_ms, frontend: Frontend | None = None
) -> Starlette:
    """Compose a demo server; it works from the start of the app's lifespan to its end."""
    parts = _compose(options, now_ms, frontend or installed_frontend())
    parts.log.write("gpubox's demo ComfyUI: no GPU, no models, nothing leaves this computer.")
    if parts.frontend.folder is None:
        parts.log.write(MISSING)
    folders = [options.base_directory / "custom_nodes"]
    for file in options.extra_model_paths:
        folders += custom_node_folders(file)
    nodes = load_custom_nodes(folders, NodeHost(parts.queue, parts.hub), parts.log)
    web = {"gpubox_demo": DEMO_WEB, **nodes.web}

    async def extensions(_request: Request) -> Response:
        return JSONResponse(extension_files(parts.frontend, web))

    api: list[BaseRoute] = [
        *api_routes(parts),
        Route("/extensions", extensions),
        *nodes.routes,
        WebSocketRoute("/ws", parts.hub.serve),
    ]
    routes: list[BaseRoute] = [
        *api,
        Mount("/api", routes=api),
        Mount("/internal", routes=internal_routes(parts)),
        *page_routes(parts.frontend, web),
    ]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        parts.hub.start()
        parts.executor.start()
        yield
        parts.executor.stop()

    return Starlette(routes=routes, middleware=[Middleware(Guard)], lifespan=lifespan)


def _compose(options: Options, now_ms: Callable[[], int], frontend: Frontend) -> Parts:
    folders = Folders(options.base_directory)
    folders.prepare()
    log = Logbook(now_ms)
    queue = PromptQueue(lambda: hub.broadcast_status())  # noqa: PLW0108  # the hub comes into being below
    hub = Hub(server_features(options), lambda: queue_info(queue))
    executor = Executor(queue, hub, folders, log, now_ms)
    log.publish = lambda entries, client_id: hub.send("logs", entries, client_id)
    return Parts(options, frontend, folders, queue, hub, executor, log, now_ms)
