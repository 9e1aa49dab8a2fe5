"""git over HTTP, shallow clones included: git's own server program behind a few lines of ASGI."""

import asyncio
import shutil
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def git_app(folder: Path) -> Starlette:
    """Serve every repository in `folder`, for reading, as /NAME; e.g. `box.serve(git_app(repositories))`."""
    git = shutil.which("git")
    assert git is not None

    async def answer(request: Request) -> Response:
        environment = {
            "PATH": "/usr/bin:/bin",
            "GIT_PROJECT_ROOT": str(folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "REQUEST_METHOD": request.method,
            "PATH_INFO": request.url.path,
            "QUERY_STRING": request.url.query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        }
        body = await request.body()
        environment["CONTENT_LENGTH"] = str(len(body))
        program = await asyncio.create_subprocess_exec(
            git,
            "http-backend",
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        said, _ = await program.communicate(body)
        head, _, content = said.partition(b"\r\n\r\n")
        headers = {name: value for name, _, value in (line.partition(": ") for line in head.decode().split("\r\n"))}
        status = int(headers.pop("Status", "200").split()[0])
        return Response(content, status, headers)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
