"""Google's error bodies: `{"error": {"code", "message", "errors": [{"domain", "reason", "message"}]}}`.

An `ApiError` is an answer by HTTP status. What goes wrong later, inside an operation, is an `OperationError`.
"""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """A request refused with an HTTP status."""

    def __init__(
        self, status: int, reason: str, message: str, domain: str = "global", details: list[Json] | None = None
    ) -> None:
        """Carry Google's `reason` (e.g. `notFound`); `details` as in google.rpc.Status."""
        super().__init__(message)
        self.status, self.reason, self.message, self.domain = status, reason, message, domain
        self.details = details

    def body(self) -> Json:
        """Answer the JSON body."""
        entry: Json = {"message": self.message, "domain": self.domain, "reason": self.reason}
        error: Json = {"code": self.status, "message": self.message, "errors": [entry]}
        if self.details:
            error |= {"status": "PERMISSION_DENIED", "details": self.details}
        return {"error": error}


def not_found(resource: str) -> ApiError:
    """404: there is no such resource; `resource` is a relative name (projects/…)."""
    return ApiError(404, "notFound", f"The resource '{resource}' was not found")


def already_exists(resource: str) -> ApiError:
    """409: a resource of that name is there."""
    return ApiError(409, "alreadyExists", f"The resource '{resource}' already exists")


def invalid(fieldname: str, value: object, why: str) -> ApiError:
    """400: a field has a value that cannot be."""
    return ApiError(400, "invalid", f"Invalid value for field '{fieldname}': '{value}'. {why}")


def required(fieldname: str) -> ApiError:
    """400: a field is missing."""
    return ApiError(400, "required", f"Required field '{fieldname}' not specified")


def not_ready(resource: str) -> ApiError:
    """400: the resource is on its way to another state."""
    return ApiError(400, "resourceNotReady", f"The resource '{resource}' is not ready")


def in_use(resource: str, user: str) -> ApiError:
    """400: another resource holds it."""
    return ApiError(
        400,
        "resourceInUseByAnotherResource",
        f"The {resource} resource is already being used by '{user}'",
    )


def stale_fingerprint() -> ApiError:
    """412: the fingerprint is not the current one."""
    return ApiError(412, "conditionNotMet", "Supplied fingerprint does not match current metadata fingerprint.")


@dataclass(frozen=True, slots=True)
class OperationError:
    """What an operation that failed carries: `code`, `message`, errorDetails, and the HTTP status if any."""

    code: str
    message: str
    details: list[Json] = field(default_factory=list[Json])
    http_status: int | None = None
    http_message: str | None = None

    def fields(self) -> Json:
        """Answer the fields of the operation that tell of it."""
        entry: Json = {"code": self.code, "message": self.message}
        if self.details:
            entry["errorDetails"] = self.details
        told: Json = {"error": {"errors": [entry]}}
        if self.http_status is not None:
            told["httpErrorStatusCode"] = self.http_status
            told["httpErrorMessage"] = self.http_message or "ERROR"
        return told
