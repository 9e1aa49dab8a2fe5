"""Pictures: looked at, and uploaded."""

import hashlib
from pathlib import Path

from PIL import Image
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from manager.adapters.embedded.demo_comfyui.folders import annotated, inside
from manager.adapters.embedded.demo_comfyui.multipart import FormData, parse_form
from manager.adapters.embedded.demo_comfyui.parts import Parts
from manager.adapters.embedded.demo_comfyui.pictures import encode

from .answers import done

PREVIEWS = ("webp", "jpeg")
DEFAULT_QUALITY = 90


def routes(parts: Parts) -> list[BaseRoute]:
    """Give the routes of this topic."""
    here = _Files(parts)
    return [
        Route("/view", here.view),
        Route("/upload/image", here.upload, methods=["POST"]),
    ]


class _Files:
    """The pictures."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def view(self, request: Request) -> Response:
        query = request.query_params
        name, kind = annotated(query.get("filename", ""))
        root = self._parts.folders.of_type(kind or query.get("type", "output"))
        if not name or name.startswith("/") or ".." in name or root is None:
            return done(400)
        path = inside(root, query.get("subfolder", ""), Path(name).name)
        if path is None:
            return done(403)
        if not path.is_file():
            return done(404)
        if "preview" in query:
            return _preview(path, query["preview"])
        if query.get("channel") in {"rgb", "a"}:
            return _channel(path, query["channel"])
        headers = {"Content-Disposition": f'filename="{path.name}"', "X-Content-Type-Options": "nosniff"}
        # Only pictures are shown; anything else that was uploaded could run in this origin.
        media = (
            None if path.suffix.lower() in {".png", ".jpg", ".jpeg", ".webp", ".gif"} else "application/octet-stream"
        )
        return FileResponse(path, headers=headers, media_type=media)

    async def upload(self, request: Request) -> Response:
        limit = round(self._parts.options.max_upload_mb * 1024 * 1024)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                return done(413)
        form = parse_form(request.headers.get("content-type", ""), bytes(body))
        return _store(self._parts, form)


def _store(parts: Parts, form: FormData) -> Response:
    kind = form.text("type") or "input"
    root = parts.folders.of_type(kind)
    name = Path(form.filename("image")).name
    subfolder = form.text("subfolder")
    target = inside(root, subfolder, name) if root and name else None
    if target is None:
        return done(400)
    target.parent.mkdir(parents=True, exist_ok=True)
    content = form.content("image")
    if form.text("overwrite") not in {"true", "1"}:
        target = _free_name(target, content)
    target.write_bytes(content)
    return JSONResponse({"name": target.name, "subfolder": subfolder, "type": kind})


def _free_name(wanted: Path, content: bytes) -> Path:
    """Give `name (1).png` and so on, but the file itself where it has the same content already."""
    digest = hashlib.sha256(content).digest()
    number, path = 0, wanted
    while path.exists() and hashlib.sha256(path.read_bytes()).digest() != digest:
        number += 1
        path = wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
    return path


def _preview(path: Path, wanted: str) -> Response:
    """Answer `preview=webp;90`."""
    kind, *rest = wanted.split(";")
    kind = kind if kind in PREVIEWS else "webp"
    quality = int(rest[-1]) if rest and rest[-1].isdigit() else DEFAULT_QUALITY
    with Image.open(path) as image:
        return _picture(image.convert("RGB"), kind, path.name, quality=quality)


def _channel(path: Path, channel: str) -> Response:
    with Image.open(path) as image:
        if channel == "rgb":
            return _picture(image.convert("RGB"), "png", path.name)
        mask = Image.new("RGBA", image.size)
        mask.putalpha(image.convert("RGBA").getchannel("A"))
        return _picture(mask, "png", path.name)


def _picture(image: Image.Image, kind: str, name: str, **options: int) -> Response:
    headers = {"Content-Disposition": f'filename="{name}"'}
    return Response(encode(image, kind.upper(), **options), media_type=f"image/{kind}", headers=headers)
