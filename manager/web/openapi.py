"""The description of the API, true to what the gate and the errors do."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from manager.web.schemas import KeepAlive, Problem

_WHY = {
    400: "The request is malformed.",
    401: "There is no valid session, or the password is wrong.",
    403: "The request came from another site.",
    404: "There is no box of that name.",
    409: "That cannot be done as things are.",
    413: "The request is too large.",
    415: "The request is not JSON.",
    422: "A value cannot be.",
    429: "Too many attempts; Retry-After tells how many seconds to wait.",
    502: "The cloud refused, or could not be reached.",
    503: "The panel's database cannot be used, or the panel is not ready.",
}
_NAME = {"name": "name", "in": "path", "required": True, "description": "The box's name.", "schema": {"type": "string"}}
_SCHEMES: dict[str, Any] = {
    "token": {"type": "apiKey", "in": "header", "name": "x-auth-token"},
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "gpubox", "description": "On HTTPS: __Host-gpubox"},
}


def answers(model: Any, *problems: int, ok: int = 200, signed_in: bool = True) -> dict[int | str, dict[str, Any]]:
    """The answers of a route: its model, and which problems; behind the gate 401 and 403 come with it."""
    described: dict[int | str, dict[str, Any]] = {}
    if model is not None:
        described[ok] = {"model": model}
    for status in sorted({*problems, *((401, 403) if signed_in else ())}):
        described[status] = {"description": _WHY[status], "content": {"application/problem+json": {"schema": _PROBLEM}}}
    return described


_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        parts = document.setdefault("components", {})
        parts["securitySchemes"] = _SCHEMES
        parts.setdefault("schemas", {}).update(
            {model.__name__: model.model_json_schema() for model in (Problem, KeepAlive)}
        )
        for name in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(name, None)
        for path, operations in document["paths"].items():
            for operation in operations.values():
                if "{name}" in path:
                    operation.setdefault("parameters", []).append(_NAME)
                if "403" in operation["responses"] and operation["operationId"] != "login_api_auth_login_post":
                    operation["security"] = [{name: []} for name in _SCHEMES]
        app.openapi_schema = document
    return app.openapi_schema
