"""The page's settings and its one user."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from manager.adapters.embedded.demo_comfyui.node_types import Json
from manager.adapters.embedded.demo_comfyui.parts import Parts

from .answers import done, json_object

# What the page starts from in the demo; what a person changes is stored and wins.
DEFAULTS: Json = {
    # Otherwise a first visit opens the template browser over an empty canvas.
    "Comfy.TutorialCompleted": True,
    # Otherwise the page asks api.comfy.org for news.
    "Comfy.Notification.ShowVersionUpdates": False,
    "Comfy.VersionCompatibility.DisableWarnings": True,
}


def routes(parts: Parts) -> list[BaseRoute]:
    """Give the routes of this topic."""
    file = parts.folders.user / "comfy.settings.json"

    def stored() -> Json:
        try:
            return DEFAULTS | json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            return dict(DEFAULTS)

    def store(changes: Json) -> Response:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(stored() | changes, indent=4), encoding="utf-8")
        return done()

    async def give_all(_request: Request) -> Response:
        return JSONResponse(stored())

    async def store_all(request: Request) -> Response:
        return store(await json_object(request))

    async def give_one(request: Request) -> Response:
        return JSONResponse(stored().get(request.path_params["name"]))

    async def store_one(request: Request) -> Response:
        try:
            value: Any = await request.json()
        except ValueError:
            return done(400)
        return store({request.path_params["name"]: value})

    async def users(_request: Request) -> Response:
        return JSONResponse({"storage": "server", "migrated": parts.folders.user.is_dir()})

    return [
        Route("/settings", give_all),
        Route("/settings", store_all, methods=["POST"]),
        Route("/settings/{name}", give_one),
        Route("/settings/{name}", store_one, methods=["POST"]),
        Route("/users", users),
    ]
