"""Google's refusals in Google's words, and what is to be made of them."""

from collections.abc import Mapping
from typing import Any

import pytest

from manager.domain.errors import CloudError

Json = dict[str, Any]
Refused = tuple[int, Json]

ENDPOINT = "https://compute.googleapis.com"
INSTANCE = "projects/studio/zones/us-west1-b/instances/comfyui"


def refused(status: int, reason: str, message: str, *infos: Json) -> Refused:
    """Status and body of a refused request; `infos` are google.rpc.ErrorInfo, without what is the same in all."""
    error: Json = {
        "code": status,
        "message": message,
        "errors": [{"domain": "global", "reason": reason, "message": message}],
    }
    details = [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "googleapis.com"} | info for info in infos
    ]
    return status, {"error": error | ({"status": "PERMISSION_DENIED", "details": details} if details else {})}


def failed(code: str, message: str, *details: Json, **http: object) -> Json:
    """An operation that came to its end without success."""
    error: Json = {"code": code, "message": message}
    return {
        "status": "DONE",
        "error": {"errors": [error | ({"errorDetails": list(details)} if details else {})]},
    } | http


def each(cases: Mapping[str, tuple[Any, CloudError]]) -> pytest.MarkDecorator:
    """A test for each case, as `answer` and `expected`, under the case's name."""
    names = [name.replace(" ", "-") for name in cases]
    return pytest.mark.parametrize(("answer", "expected"), list(cases.values()), ids=names)


def told(error: CloudError) -> tuple[type[CloudError], Mapping[str, Any]]:
    """What the program knows of an error: its kind and its figures."""
    return type(error), error.data
