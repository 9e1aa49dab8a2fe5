"""The page's own terminal, and what else it asks below `/internal`."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from manager.adapters.embedded.demo_comfyui.folders import files_in
from manager.adapters.embedded.demo_comfyui.logbook import SIZE
from manager.adapters.embedded.demo_comfyui.parts import Parts

from .answers import done, json_object, refused


def routes(parts: Parts) -> list[BaseRoute]:
    """Give the routes of this topic."""
    here = _Logs(parts)
    return [
        Route("/logs", here.text),
        Route("/logs/raw", here.raw),
        Route("/logs/subscribe", here.subscribe, methods=["PATCH"]),
        Route("/folder_paths", here.folder_paths),
        Route("/files/{kind}", here.files),
    ]


class _Logs:
    """The log."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def text(self, _request: Request) -> Response:
        return JSONResponse("".join(f"{entry['t']} - {entry['m']}" for entry in self._parts.log.entries()))

    async def raw(self, _request: Request) -> Response:
        return JSONResponse({"entries": self._parts.log.entries(), "size": SIZE})

    async def subscribe(self, request: Request) -> Response:
        body = await json_object(request)
        self._parts.log.subscribe(str(body.get("clientId")), wanted=bool(body.get("enabled")))
        return done()

    async def folder_paths(self, _request: Request) -> Response:
        return JSONResponse({"custom_nodes": [str(self._parts.folders.base / "custom_nodes")]})

    async def files(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        root = self._parts.folders.of_type(kind)
        if root is None:
            return refused(400, "Invalid directory type")
        newest_first = sorted(files_in(root), key=lambda path: -path.stat().st_mtime)
        return JSONResponse([f"{path.name} [{kind}]" for path in newest_first])
