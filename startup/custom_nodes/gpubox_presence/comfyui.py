"""The real ComfyUI as a `Host`: nothing here may ever throw into it."""

import contextlib
import logging
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from .presence import Handler, Listener

# Imported by name: neither module is a dependency of gpubox, and both exist wherever this file is loaded.
_web = import_module("aiohttp.web")
_server: Any = import_module("server").PromptServer.instance


class ComfyUiHost:
    """ComfyUI's `PromptServer`, seen through what has not changed since 0.3.64; the rest is detected."""

    def route(self, method: str, path: str, handler: Handler) -> None:
        """Add a route; ComfyUI itself serves it under `/api` too."""

        async def answer(request: Any) -> Any:
            headers: Mapping[str, str] = request.headers
            status, body = handler(headers)
            return _web.json_response(body, status=status, headers={"Cache-Control": "no-store"})

        _server.routes.route(method, path)(answer)

    def listen(self, listener: Listener) -> bool:
        """Wrap `send_sync`, through which each message to the pages goes, from whichever thread.

        A wrapper on the one instance is the least that works in every version: progress hooks and the progress
        registry are made anew or replaced while ComfyUI runs, `send_sync` is not.
        """
        original = getattr(_server, "send_sync", None)
        if not callable(original):
            logging.getLogger(__name__).warning("gpubox_presence: this ComfyUI does not let progress be seen")
            return False

        def send_sync(event: object, data: object, *args: Any, **kwargs: Any) -> Any:
            with contextlib.suppress(Exception):
                listener(event, data)
            return original(event, data, *args, **kwargs)

        _server.send_sync = send_sync
        return True

    def version(self) -> str | None:
        """ComfyUI's own version, which lies in a module of its own; None where it does not."""
        with contextlib.suppress(Exception):
            return str(import_module("comfyui_version").__version__)
        return None

    def queue(self) -> dict[str, int] | None:
        """Count without taking the queue's lock: a length is read atomically, and a render may hold the lock."""
        try:
            queue = _server.prompt_queue
            return {"running": len(queue.currently_running), "pending": len(queue.queue)}
        except (AttributeError, TypeError):
            return None
