"""Newer ComfyUI's view of queue and history together, which its page asks for."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from manager.adapters.embedded.demo_comfyui.node_types import Json
from manager.adapters.embedded.demo_comfyui.parts import Parts
from manager.adapters.embedded.demo_comfyui.queue import PromptQueue, QueueItem

from .answers import json_object, refused
from .prompts import is_job_id

STATUSES = ("pending", "in_progress", "completed", "failed", "cancelled")


def routes(parts: Parts) -> list[BaseRoute]:
    """Give the routes of this topic."""
    here = _Jobs(parts)
    return [
        Route("/jobs", here.listing),
        Route("/jobs/cancel", here.cancel_many, methods=["POST"]),
        Route("/jobs/{job_id}", here.one),
        Route("/jobs/{job_id}/cancel", here.cancel, methods=["POST"]),
    ]


class _Jobs:
    """The jobs of queue and history."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def listing(self, request: Request) -> Response:
        query = request.query_params
        statuses = [word.strip().lower() for word in query.get("status", "").split(",") if word.strip()]
        unknown = [word for word in statuses if word not in STATUSES]
        if unknown:
            return refused(400, f"Invalid status value(s): {', '.join(unknown)}. Valid values: {', '.join(STATUSES)}")
        order, direction = query.get("sort_by", "created_at"), query.get("sort_order", "desc")
        if order not in {"created_at", "execution_duration"} or direction not in {"asc", "desc"}:
            return refused(400, "sort_by is 'created_at' or 'execution_duration', sort_order 'asc' or 'desc'")
        try:
            limit = int(query["limit"]) if "limit" in query else None
            offset = max(0, int(query.get("offset", "0")))
        except ValueError:
            return refused(400, "limit and offset must be integers")
        if limit is not None and limit <= 0:
            return refused(400, "limit must be a positive integer")
        jobs = [job for job in _jobs(self._parts.queue) if not statuses or job["status"] in statuses]
        if "workflow_id" in query:
            jobs = [job for job in jobs if job.get("workflow_id") == query["workflow_id"]]
        jobs.sort(key=_duration if order == "execution_duration" else _created, reverse=direction == "desc")
        page = jobs[offset:] if limit is None else jobs[offset : offset + limit]
        has_more = offset + len(page) < len(jobs)
        pagination = {"offset": offset, "limit": limit, "total": len(jobs), "has_more": has_more}
        return JSONResponse({"jobs": page, "pagination": pagination})

    async def one(self, request: Request) -> Response:
        job_id = request.path_params["job_id"]
        entry = self._parts.queue.history().get(job_id)
        if entry is not None:
            return JSONResponse(_finished(job_id, entry) | _details(entry))
        found = [job for job in _jobs(self._parts.queue) if job["id"] == job_id]
        return JSONResponse(found[0]) if found else refused(404, "Job not found")

    async def cancel(self, request: Request) -> Response:
        return JSONResponse({"cancelled": _cancel(self._parts, request.path_params["job_id"])})

    async def cancel_many(self, request: Request) -> Response:
        job_ids = (await json_object(request)).get("job_ids")
        if not isinstance(job_ids, list):
            return refused(400, "job_ids must be a list")
        wanted: list[Any] = list(job_ids)  # pyright: ignore[reportUnknownArgumentType]
        invalid = [job_id for job_id in wanted if not is_job_id(job_id)]
        if invalid:
            body = {"error": "job_ids contains invalid id(s)", "invalid_ids": [str(job_id) for job_id in invalid]}
            return JSONResponse(body, 400)
        cancelled = [_cancel(self._parts, job_id) for job_id in wanted]
        return JSONResponse({"cancelled": any(cancelled)})


def _cancel(parts: Parts, job_id: str) -> bool:
    """Drop a waiting job or interrupt a running one; a job that has ended stays as it is."""
    return bool(parts.queue.remove(lambda prompt_id: prompt_id == job_id)) or parts.executor.interrupt(job_id)


def _jobs(queue: PromptQueue) -> list[Json]:
    return [
        *(_waiting(item, "in_progress") for item in queue.running()),
        *(_waiting(item, "pending") for item in queue.pending()),
        *(_finished(job_id, entry) for job_id, entry in queue.history().items()),
    ]


def _without_none(**fields: Any) -> Json:
    return {key: value for key, value in fields.items() if value is not None}


def _workflow_id(extra_data: Json) -> str | None:
    about: Json = extra_data.get("extra_pnginfo") or {}
    workflow: Json = about.get("workflow") or {}
    return workflow.get("id")


def _waiting(item: QueueItem, status: str) -> Json:
    return _without_none(
        id=item.prompt_id,
        status=status,
        priority=item.number,
        create_time=item.extra_data["create_time"],
        outputs_count=0,
        previewable_outputs_count=0,
        workflow_id=_workflow_id(item.extra_data),
    )


def _finished(job_id: str, entry: Json) -> Json:
    number, _id, _prompt, extra_data, _outputs = entry["prompt"]
    events: Json = dict(entry["status"]["messages"])
    ended = next(name for name in _ENDS if name in events)
    start: Json = events.get("execution_start") or {}
    shown = [
        {**picture, "nodeId": node_id, "mediaType": "images"}
        for node_id, ui in entry["outputs"].items()
        for picture in ui["images"]
    ]
    saved = [picture for picture in shown if picture["type"] == "output"]
    return _without_none(
        id=job_id,
        status=_ENDS[ended],
        priority=number,
        create_time=extra_data["create_time"],
        execution_start_time=start.get("timestamp"),
        execution_end_time=events[ended].get("timestamp"),
        execution_error=events.get("execution_error"),
        outputs_count=len(shown),
        previewable_outputs_count=len(shown),
        preview_output=next(iter(saved or shown), None),
        workflow_id=_workflow_id(extra_data),
    )


_ENDS = {
    "execution_success": "completed",
    "execution_interrupted": "cancelled",
    "execution_error": "failed",
}


def _details(entry: Json) -> Json:
    _number, _id, prompt, extra_data, _outputs = entry["prompt"]
    workflow = {"prompt": prompt, "extra_data": extra_data}
    return {"outputs": entry["outputs"], "execution_status": entry["status"], "workflow": workflow}


def _created(job: Json) -> float:
    return job["create_time"]


def _duration(job: Json) -> float:
    return job.get("execution_end_time", 0) - job.get("execution_start_time", 0)
