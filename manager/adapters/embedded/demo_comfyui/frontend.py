"""The official frontend: the folder of the package comfyui_frontend_package, and what to say where it is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

PACKAGE = "comfyui_frontend_package"
MISSING = (
    "ComfyUI's page is not installed. The demo ComfyUI shows the official frontend, which is an optional extra "
    "of gpubox: pip install 'gpubox[demo]'"
)
_MISSING_PAGE = f"<!doctype html><meta charset=utf-8><title>Demo ComfyUI</title><p>{MISSING}</p>"
NO_STORE = {"Cache-Control": "no-store, must-revalidate", "Pragma": "no-cache", "Expires": "0"}


@dataclass(frozen=True)
class Frontend:
    """Where the page's files are; `folder` is None where the extra is not installed."""

    folder: Path | None
    version: str


def installed_frontend() -> Frontend:
    """Find the package without importing it."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return Frontend(None, "")
    try:
        number = version(PACKAGE)
    except PackageNotFoundError:
        number = ""
    return Frontend(Path(spec.submodule_search_locations[0]) / "static", number)


def extension_files(frontend: Frontend, web: Mapping[str, Path]) -> list[str]:
    """List the scripts that the page loads at its start: the frontend's own, then those of custom nodes."""
    files: list[str] = []
    if frontend.folder:
        own = sorted((frontend.folder / "extensions").rglob("*.js"))
        files += [f"/{path.relative_to(frontend.folder).as_posix()}" for path in own]
    for name, folder in web.items():
        scripts = sorted(folder.rglob("*.js"))
        files += [f"/extensions/{quote(name)}/{path.relative_to(folder).as_posix()}" for path in scripts]
    return files


def page_routes(frontend: Frontend, web: Mapping[str, Path]) -> list[BaseRoute]:
    """Serve the page, the scripts of custom nodes, and last everything else that the frontend has."""

    async def index(_request: Request) -> Response:
        if frontend.folder is None:
            return HTMLResponse(_MISSING_PAGE, 503)
        return FileResponse(frontend.folder / "index.html", headers=NO_STORE)

    async def no_style(_request: Request) -> Response:
        # The page asks for it beside itself too; ComfyUI answers 404, which browsers show as an error.
        return Response(media_type="text/css")

    routes: list[BaseRoute] = [Route("/", index), Route("/user.css", no_style)]
    routes += [Mount(f"/extensions/{name}", Revalidated(directory=folder)) for name, folder in web.items()]
    if frontend.folder is not None:
        routes.append(Mount("/", Revalidated(directory=frontend.folder)))
    return routes


class Revalidated(StaticFiles):
    """Static files that browsers ask for again, as ComfyUI has it: a new version shows at once."""

    async def get_response(self, path: str, scope: "dict[str, object]") -> Response:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Add the header to whatever is answered."""
        response = await super().get_response(path, scope)
        response.headers.setdefault("Cache-Control", "no-cache")
        return response
