"""Files that the page keeps on the server, its workflows above all.

The page writes a file's path as one segment, slashes as `%2F`. So the raw path is read: where a proxy has decoded
it, there is no such route, exactly as in ComfyUI.
"""

import shutil
from pathlib import Path
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from manager.adapters.embedded.demo_comfyui.folders import files_in, inside
from manager.adapters.embedded.demo_comfyui.node_types import Json
from manager.adapters.embedded.demo_comfyui.parts import Parts

from .answers import done

METHODS = ["GET", "POST", "DELETE"]


def routes(parts: Parts) -> list[BaseRoute]:
    """Give the routes of this topic."""
    root = parts.folders.user

    async def listing(request: Request) -> Response:
        wanted = request.query_params.get("dir", "")
        folder = inside(root, wanted)
        if not wanted or folder is None:
            return PlainTextResponse("Invalid directory", 403 if wanted else 400)
        if not folder.is_dir():
            return PlainTextResponse("Directory not found", 404)
        found = files_in(folder, recurse=_is_true(request, "recurse"))
        return JSONResponse([_listed(request, path, folder) for path in found])

    async def one(request: Request) -> Response:
        raw = request.scope["raw_path"].decode("ascii", "replace").partition("/userdata/")[2]
        names = raw.split("/")
        match [request.method, *names]:
            case ["POST", source, "move", target] if source and target:
                return _move(request, root, unquote(source), unquote(target))
            case [method, name] if name:
                path = inside(root, unquote(name))
                if path is None:
                    return done(403)
                if method == "POST":
                    return _store(request, root, path, await request.body())
                return _give_or_delete(request, path)
            case _:
                return done(404 if request.method == "GET" else 405)

    return [Route("/userdata", listing), Route("/userdata/{file:path}", one, methods=METHODS)]


def _is_true(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() == "true"


def _info(path: Path, relative_to: Path) -> Json:
    about = path.stat()
    return {
        "path": path.relative_to(relative_to).as_posix(),
        "size": about.st_size,  # bytes
        "modified": int(about.st_mtime * 1000),  # milliseconds since 1970
        "created": int(about.st_ctime * 1000),
    }


def _listed(request: Request, path: Path, folder: Path) -> Json | str | list[str]:
    if _is_true(request, "full_info"):
        return _info(path, folder)
    name = path.relative_to(folder).as_posix()
    return [name, *name.split("/")] if _is_true(request, "split") else name


def _written(request: Request, root: Path, path: Path) -> Response:
    root = root.resolve()
    full = _is_true(request, "full_info")
    return JSONResponse(_info(path, root) if full else path.relative_to(root).as_posix())


def _must_not_exist(request: Request) -> bool:
    return request.query_params.get("overwrite", "true") == "false"


def _store(request: Request, root: Path, path: Path, body: bytes) -> Response:
    if _must_not_exist(request) and path.exists():
        return PlainTextResponse("File already exists", 409)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written beside and moved, so that a crash leaves the old file.
        beside = path.with_name(f".{path.name}.new")
        beside.write_bytes(body)
        beside.replace(path)
    except OSError:
        return done(400)
    return _written(request, root, path)


def _move(request: Request, root: Path, source_name: str, target_name: str) -> Response:
    source, target = inside(root, source_name), inside(root, target_name)
    if source is None or target is None:
        return done(403)
    if not source.exists():
        return done(404)
    if _must_not_exist(request) and target.exists():
        return PlainTextResponse("File already exists", 409)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, target)
    return _written(request, root, target)


def _give_or_delete(request: Request, path: Path) -> Response:
    if request.method == "GET" and path.name == "user.css" and path.is_file():
        return FileResponse(path, media_type="text/css")
    if not path.is_file():
        return done(404)
    if request.method == "DELETE":
        path.unlink()
        return done(204)
    # A person's files are never shown as a page of this origin.
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, headers=headers)
