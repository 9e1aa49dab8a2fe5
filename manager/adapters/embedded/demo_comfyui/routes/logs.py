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

    async def text(_request: Request) -> Response:
        return JSONResponse("".join(f"{entry['t']} - {entry['m']}" for entry in parts.log.entries()))

    async def raw(_request: Request) -> Response:
        return JSONResponse({"entries": parts.log.entries(), "size": SIZE})

    async def subscribe(request: Request) -> Response:
        body = await json_object(request)
        parts.log.subscribe(str(body.get("clientId")), wanted=bool(body.get("enabled")))
        return done()

    async def folder_paths(_request: Request) -> Response:
        return JSONResponse({"custom_nodes": [str(parts.folders.base / "custom_nodes")]})

    async def files(request: Request) -> Response:
        kind = request.path_params["kind"]
        root = parts.folders.of_type(kind)
        if root is None:
            return refused(400, "Invalid directory type")
        newest_first = sorted(files_in(root), key=lambda path: -path.stat().st_mtime)
        return JSONResponse([f"{path.name} [{kind}]" for path in newest_first])

    return [
        Route("/logs", text),
        Route("/logs/raw", raw),
        Route("/logs/subscribe", subscribe, methods=["PATCH"]),
        Route("/folder_paths", folder_paths),
        Route("/files/{kind}", files),
    ]
