"""Small answers that several topics share."""

from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from manager.adapters.embedded.demo_comfyui.node_types import Json


def done(status: int = 200) -> Response:
    """Answer without a body."""
    return Response(status_code=status)


def refused(status: int, message: str) -> Response:
    """Answer an error as ComfyUI's newer routes do."""
    return JSONResponse({"error": message}, status)


async def json_object(request: Request) -> Json:
    """Give the request's JSON object; anything else, or nothing, is an empty one."""
    try:
        body: Any = await request.json()
    except ValueError:
        return {}
    return cast("Json", body) if isinstance(body, dict) else {}
