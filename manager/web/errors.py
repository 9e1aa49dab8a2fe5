"""Errors as HTTP sees them: one table from codes to statuses, one shape for all answers (RFC 9457).

Sentences come from `manager.messages`; a page, a script and a log read the same ones.
"""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from manager import messages
from manager.domain.errors import Fault, GpuboxError, InvalidInput
from manager.web.invalid import invalid_input

_log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
LARGEST_BODY = 64 * 1024  # bytes

STATUS: Mapping[str, int] = {
    "invalid_input": HTTPStatus.UNPROCESSABLE_ENTITY,
    "local_address": HTTPStatus.UNPROCESSABLE_ENTITY,
    "network_too_wide": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_many_allowed": HTTPStatus.CONFLICT,
    "dns": HTTPStatus.BAD_GATEWAY,
    "not_authenticated": HTTPStatus.UNAUTHORIZED,
    "login_refused": HTTPStatus.UNAUTHORIZED,
    "too_many_logins": HTTPStatus.TOO_MANY_REQUESTS,
    "cross_site_refused": HTTPStatus.FORBIDDEN,
    "unknown_box": HTTPStatus.NOT_FOUND,
    "not_found": HTTPStatus.NOT_FOUND,
    "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "box_exists": HTTPStatus.CONFLICT,
    "nothing_to_frame": HTTPStatus.CONFLICT,
    "conflict": HTTPStatus.CONFLICT,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "bad_request": HTTPStatus.BAD_REQUEST,
    "store_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "not_ready": HTTPStatus.SERVICE_UNAVAILABLE,
    "rate_limited": HTTPStatus.SERVICE_UNAVAILABLE,
    "not_ready_yet": HTTPStatus.SERVICE_UNAVAILABLE,
    "cloud_unreachable": HTTPStatus.BAD_GATEWAY,
    "comfyui_unreachable": HTTPStatus.BAD_GATEWAY,
    "gate_unreachable": HTTPStatus.BAD_GATEWAY,
    "cloud_error": HTTPStatus.BAD_GATEWAY,
    "cloud_refused": HTTPStatus.BAD_GATEWAY,
    "stockout": HTTPStatus.BAD_GATEWAY,
    "quota_exceeded": HTTPStatus.BAD_GATEWAY,
    "permission_missing": HTTPStatus.BAD_GATEWAY,
    "api_disabled": HTTPStatus.BAD_GATEWAY,
    "bad_credentials": HTTPStatus.BAD_GATEWAY,
    "billing_disabled": HTTPStatus.BAD_GATEWAY,
    "no_such_resource": HTTPStatus.BAD_GATEWAY,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
}

# What Starlette and FastAPI raise by themselves, as codes of ours.
_OF_FRAMEWORK = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


def problem(fault: Fault, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a fault."""
    status = STATUS.get(fault.code, HTTPStatus.INTERNAL_SERVER_ERROR)
    title, detail = _words(fault)
    body: dict[str, Any] = {
        "type": f"urn:gpubox:problem:{fault.code}",
        "title": title,
        "status": int(status),
        "code": fault.code,
        "detail": detail,
    }
    for name in ("field", "retry_after", "why"):
        if name in fault.data:
            body[name] = fault.data[name]
    sent = dict(headers or {})
    if "retry_after" in fault.data:
        sent["Retry-After"] = str(fault.data["retry_after"])
    if status == HTTPStatus.UNAUTHORIZED:
        sent["WWW-Authenticate"] = 'Bearer realm="gpubox"'
    return Response(json.dumps(body, ensure_ascii=False), int(status), sent, PROBLEM)


async def of_domain(_: Request, error: Exception) -> Response:
    """The answer to an error of the domain."""
    return problem(error.fault if isinstance(error, GpuboxError) else Fault("internal"))


async def of_framework(request: Request, error: Exception) -> Response:
    """The answer to 404, 405 and the like."""
    if not isinstance(error, HTTPException):
        return problem(Fault("internal"))
    if isinstance(error.__cause__, GpuboxError):
        return problem(error.__cause__.fault)
    code = _OF_FRAMEWORK.get(error.status_code, "internal")
    headers = {"Allow": _methods(request)} if code == "method_not_allowed" else error.headers
    return problem(Fault(code, {"path": request.url.path, "method": request.method, "limit": LARGEST_BODY}), headers)


async def of_validation(request: Request, error: Exception) -> Response:
    """The answer to input that cannot be: one sentence about the first thing that is wrong."""
    if not isinstance(error, RequestValidationError):
        return problem(Fault("internal"))
    sent = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if request.method == "POST" and sent != "application/json":
        return problem(Fault("unsupported_media_type"))
    return problem(InvalidInput(**invalid_input(error.errors())).fault)


def _methods(request: Request) -> str:
    """All that a path knows: the framework names only those of the first route there."""
    known: set[str] = set()
    for route in request.app.router.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            known |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(known))


def _words(fault: Fault) -> tuple[str, str]:
    words = messages.problem(fault)
    return words.title, f"{words.detail.in_utc()} {words.remedy.in_utc()}"


def internal(path: str, error: Exception) -> Response:
    """The answer to an error that nobody expected; what it was stands in the log, not in the answer."""
    _log.error("unexpected error", exc_info=error, extra={"path": path})
    return problem(Fault("internal"))
