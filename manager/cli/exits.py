"""Exit statuses: what scripts hold on to. A number keeps its meaning for ever."""

from collections.abc import Mapping
from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    SETTINGS = 3
    UNREACHABLE = 4
    LOGIN = 5
    TROUBLE = 6
    CLOUD = 7
    NAME = 8
    TIMEOUT = 9
    INTERRUPTED = 130


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.FAILED: "failed; from doctor: something is wrong",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.SETTINGS: "a setting is wrong",
    ExitCode.UNREACHABLE: "the panel cannot be reached",
    ExitCode.LOGIN: "not logged in, or not allowed",
    ExitCode.TROUBLE: "there is trouble with the box",
    ExitCode.CLOUD: "the cloud refused, or cannot be reached",
    ExitCode.NAME: "no such box, or the name is taken",
    ExitCode.TIMEOUT: "waited long enough (--timeout)",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
}

# Codes of the domain's errors that mean more than "failed".
_BY_CODE: Mapping[str, ExitCode] = {
    "invalid_input": ExitCode.USAGE,
    "not_authenticated": ExitCode.LOGIN,
    "login_refused": ExitCode.LOGIN,
    "too_many_logins": ExitCode.LOGIN,
    "cross_site_refused": ExitCode.LOGIN,
    "comfyui_unreachable": ExitCode.TROUBLE,
    "unknown_box": ExitCode.NAME,
    "box_exists": ExitCode.NAME,
} | dict.fromkeys(
    (
        "stockout",
        "quota_exceeded",
        "permission_missing",
        "api_disabled",
        "bad_credentials",
        "billing_disabled",
        "no_such_resource",
        "cloud_unreachable",
        "rate_limited",
        "not_ready_yet",
        "conflict",
        "cloud_refused",
        "cloud_error",
    ),
    ExitCode.CLOUD,
)


def of_code(code: str) -> ExitCode:
    """The exit status for an error's code."""
    return _BY_CODE.get(code, ExitCode.FAILED)


def table() -> str:
    """All of them, for the help."""
    return ", ".join(f"{int(code)} {meaning}" for code, meaning in MEANINGS.items())
