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
    here = _Settings(parts)
    return [
        Route("/settings", here.give_all),
        Route("/settings", here.store_all, methods=["POST"]),
        Route("/settings/{name}", here.give_one),
        Route("/settings/{name}", here.store_one, methods=["POST"]),
        Route("/users", here.users),
    ]


class _Settings:
    """The settings, kept in one file."""

    def __init__(self, parts: Parts) -> None:
        self._user = parts.folders.user
        self._file = self._user / "comfy.settings.json"

    async def give_all(self, _request: Request) -> Response:
        return JSONResponse(self._stored())

    async def store_all(self, request: Request) -> Response:
        return self._store(await json_object(request))

    async def give_one(self, request: Request) -> Response:
        return JSONResponse(self._stored().get(request.path_params["name"]))

    async def store_one(self, request: Request) -> Response:
        try:
            value: Any = await request.json()
        except ValueError:
            return done(400)
        return self._store({request.path_params["name"]: value})

    async def users(self, _request: Request) -> Response:
        return JSONResponse({"storage": "server", "migrated": self._user.is_dir()})

    def _stored(self) -> Json:
        try:
            return DEFAULTS | json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            return dict(DEFAULTS)

    def _store(self, changes: Json) -> Response:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._stored() | changes, indent=4), encoding="utf-8")
        return done()
