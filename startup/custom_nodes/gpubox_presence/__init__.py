"""Tells gpubox whether a person is at work in ComfyUI's page, and whether a render moves.

A ComfyUI custom node without nodes: `web/presence.js` notices trusted pointer and key events in the page and
reports them at most once a minute; the server answers `GET /gpubox/presence` (its JSON: see `presence.py`).
Requests alone cannot tell a person from a forgotten tab: a tab asks for things by itself, and a person who edits
a graph asks for nothing.

The folder loads unchanged in ComfyUI (0.3.64 and newer) and in gpubox's demo ComfyUI, which calls `connect`.
"""

import sys
from typing import Any

from .presence import Host, connect

NODE_CLASS_MAPPINGS: dict[str, Any] = {}
WEB_DIRECTORY = "./web"

__all__ = ["NODE_CLASS_MAPPINGS", "WEB_DIRECTORY", "Host", "connect"]

# ComfyUI has loaded its server and its web framework before it loads custom nodes; elsewhere they are absent.
if "aiohttp" in sys.modules and hasattr(sys.modules.get("server"), "PromptServer"):
    from .comfyui import ComfyUiHost

    connect(ComfyUiHost())
