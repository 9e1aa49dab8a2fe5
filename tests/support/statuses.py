"""The part of a status that is the same for every box that is off."""

from typing import Any


def at_rest() -> dict[str, Any]:
    """A fresh copy; a status is this and what is its own."""
    return {
        "status": "TERMINATED",
        "phase": "off",
        "intent": "off",
        "details": [],
        "warning": None,
        "trouble": None,
        "external_ip": None,
        "comfyui_url": None,
        "last_activity": None,
        "stops_at": None,
        "warns_at": None,
        "hold_until": None,
        "run_limit_at": None,
        "busy": False,
        "render": None,
        "presence": None,
        "started_at": None,
        "progress": None,
        "last_session": None,
    }
