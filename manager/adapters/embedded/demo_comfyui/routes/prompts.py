"""The queue: prompts come in, wait, are cancelled, and are looked up afterwards."""

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from manager.adapters.embedded.demo_comfyui.node_types import Json
from manager.adapters.embedded.demo_comfyui.parts import Parts, queue_info
from manager.adapters.embedded.demo_comfyui.validation import problem, validate

from .answers import done, json_object

# ComfyUI keeps these out of its queue and history; here they are dropped, since nothing needs them.
SECRETS = ("auth_token_comfy_org", "api_key_comfy_org")


def routes(parts: Parts) -> list[BaseRoute]:
    """Give the routes of this topic."""
    here = _Prompts(parts)
    return [
        Route("/prompt", here.remaining),
        Route("/prompt", here.submit, methods=["POST"]),
        Route("/queue", here.listing),
        Route("/queue", here.change, methods=["POST"]),
        Route("/interrupt", here.interrupt, methods=["POST"]),
        Route("/history", here.history),
        Route("/history", here.forget, methods=["POST"]),
        Route("/history/{prompt_id}", here.one_history),
    ]


class _Prompts:
    """Queue and history."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def remaining(self, _request: Request) -> Response:
        return JSONResponse(queue_info(self._parts.queue))

    async def submit(self, request: Request) -> Response:
        self._parts.log.write("got prompt")
        return _submit(self._parts, await json_object(request))

    async def listing(self, _request: Request) -> Response:
        running = [item.as_list() for item in self._parts.queue.running()]
        pending = [item.as_list() for item in self._parts.queue.pending()]
        return JSONResponse({"queue_running": running, "queue_pending": pending})

    async def change(self, request: Request) -> Response:
        body = await json_object(request)
        if body.get("clear"):
            self._parts.queue.remove(lambda _id: True)
        self._parts.queue.remove((body.get("delete") or []).__contains__)
        return done()

    async def interrupt(self, request: Request) -> Response:
        self._parts.executor.interrupt((await json_object(request)).get("prompt_id") or None)
        return done()

    async def history(self, request: Request) -> Response:
        entries = list(self._parts.queue.history().items())
        limit = _number(request.query_params.get("max_items"), len(entries))
        offset = _number(request.query_params.get("offset"), -1)
        start = offset if offset >= 0 else max(0, len(entries) - limit)
        return JSONResponse(dict(entries[start : start + limit]))

    async def one_history(self, request: Request) -> Response:
        prompt_id = request.path_params["prompt_id"]
        entries = self._parts.queue.history()
        return JSONResponse({prompt_id: entries[prompt_id]} if prompt_id in entries else {})

    async def forget(self, request: Request) -> Response:
        body = await json_object(request)
        if body.get("clear"):
            self._parts.queue.forget(lambda _id: True)
        self._parts.queue.forget((body.get("delete") or []).__contains__)
        return done()


def is_job_id(value: Any) -> bool:
    """Tell whether this is a UUID in the one spelling that newer servers accept."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


def _submit(parts: Parts, body: Json) -> Response:
    prompt_id = body.get("prompt_id") or str(uuid.uuid4())
    if not is_job_id(prompt_id):
        details = "prompt_id must be a UUID string in canonical lowercase hyphenated form"
        return _invalid(problem("invalid_prompt_id", "prompt_id must be a valid UUID", details))
    if "prompt" not in body:
        return _invalid(problem("no_prompt", "No prompt provided", "No prompt provided"))
    checked = validate(body["prompt"], parts.folders, body.get("partial_execution_targets"))
    if checked.error is not None:
        parts.log.write(f"invalid prompt: {checked.error['message']}")
        return _invalid(checked.error, checked.node_errors)
    given: Json = body.get("extra_data") or {}
    extra_data: Json = {key: value for key, value in given.items() if key not in SECRETS}
    if "client_id" in body:
        extra_data["client_id"] = body["client_id"]
    extra_data["create_time"] = parts.now_ms()
    number = float(body["number"]) if "number" in body else None
    front = bool(body.get("front"))
    number = parts.queue.put(prompt_id, body["prompt"], extra_data, checked.outputs, number, front=front)
    return JSONResponse({"prompt_id": prompt_id, "number": number, "node_errors": checked.node_errors})


def _invalid(error: Json, node_errors: Json | None = None) -> Response:
    return JSONResponse({"error": error, "node_errors": node_errors or {}}, 400)


def _number(text: str | None, default: int) -> int:
    try:
        return default if text is None else int(text)
    except ValueError:
        return default
