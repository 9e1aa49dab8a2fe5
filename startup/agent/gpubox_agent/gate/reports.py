"""What the gate tells the other services of the box, and what it passes on of theirs to the manager."""

from pathlib import Path
from typing import Any

from gpubox_agent.files import GUARD, MODELS, PROGRESS, read_json
from gpubox_agent.gate.sessions import Statement

# What is older was written by a service that has died.
_GUARD_FRESH_S = 90.0
_MODELS_FRESH_S = 180.0


def manager_json(statement: Statement) -> dict[str, Any]:
    """The last statement, as the guard reads it."""
    return {
        "at": statement.at,
        "keep_alive_age_s": statement.keep_alive_age_s,
        "hold_s": statement.hold_s,
        "stopping": statement.stopping,
        "allowed": list(statement.allowed),
        "address": statement.address,
    }


def report(folder: Path, address: str, monotonic: float) -> dict[str, Any]:
    """The answer to a statement: what the other services say, where it is there and fresh. `folder` is /run/gpubox."""
    guard, models = read_json(folder / GUARD), read_json(folder / MODELS)
    if models is not None and models.get("state") == "running" and not _fresh(models, monotonic, _MODELS_FRESH_S):
        models = None
    return {
        "version": 1,
        "address": address,
        "guard": guard if guard is not None and _fresh(guard, monotonic, _GUARD_FRESH_S) else None,
        "models": models,
        "progress": read_json(folder / PROGRESS),
    }


def _fresh(content: dict[str, Any], monotonic: float, seconds: float) -> bool:
    at = content.get("at")
    return isinstance(at, (int, float)) and 0 <= monotonic - at <= seconds
