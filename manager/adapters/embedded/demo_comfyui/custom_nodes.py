"""Loads folders of custom nodes as ComfyUI does, for those that can live without ComfyUI: gpubox's own.

Such a package serves its `WEB_DIRECTORY` to the page, and its function `connect(host)`, where it has one, is given
a `NodeHost`. Nodes for the graph (NODE_CLASS_MAPPINGS) are not taken over.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .hub import Hub, Listener
from .logbook import Logbook
from .parts import VERSION
from .queue import PromptQueue

Handler = Callable[[Mapping[str, str]], tuple[int, dict[str, Any]]]


@dataclass(frozen=True)
class LoadedNodes:
    """What custom nodes have added: routes, and folders for the page by the package's name."""

    routes: list[Route]
    web: dict[str, Path]


class NodeHost:
    """What a custom node may use of the demo: routes, the messages to the pages, the queue's length."""

    def __init__(self, queue: PromptQueue, hub: Hub) -> None:
        self._queue = queue
        self._hub = hub
        self.routes: list[Route] = []

    def route(self, method: str, path: str, handler: Handler) -> None:
        """Answer `method path` with the (status, JSON) that `handler` makes of the request's headers."""

        async def answer(request: Request) -> JSONResponse:
            status, body = handler(request.headers)
            return JSONResponse(body, status, {"Cache-Control": "no-store"})

        self.routes.append(Route(path, answer, methods=[method]))

    def listen(self, listener: Listener) -> bool:
        """Pass each (event, data) meant for the pages to `listener`."""
        self._hub.listen(listener)
        return True

    def version(self) -> str:
        """Give the version that the demo stands in for."""
        return VERSION

    def queue(self) -> dict[str, int]:
        """Give how many prompts run and wait."""
        running, pending = self._queue.counts()
        return {"running": running, "pending": pending}


def load_custom_nodes(folders: list[Path], host: NodeHost, log: Logbook) -> LoadedNodes:
    """Load each package in `folders`; one that fails is named in the log and left out, as in ComfyUI."""
    web: dict[str, Path] = {}
    for package in (package for folder in folders for package in _packages(folder)):
        try:
            module = _load(package)
            if hasattr(module, "connect"):
                module.connect(host)
        except Exception as error:  # noqa: BLE001  # whatever a custom node does, the server starts
            log.write(f"IMPORT FAILED: {package}: {error}")
            continue
        if hasattr(module, "WEB_DIRECTORY"):
            web[package.name] = package / module.WEB_DIRECTORY
        log.write(f"Custom node loaded: {package}")
    return LoadedNodes(host.routes, web)


def _packages(folder: Path) -> list[Path]:
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [package for package in found if (package / "__init__.py").is_file()]


def _load(package: Path) -> ModuleType:
    # ComfyUI, too, names the module by its path, so that two packages never share a name.
    name = str(package).replace(".", "_x_")
    spec = spec_from_file_location(name, package / "__init__.py", submodule_search_locations=[str(package)])
    if spec is None or spec.loader is None:
        raise ImportError(name)
    for stale in [known for known in sys.modules if known == name or known.startswith(f"{name}.")]:
        del sys.modules[stale]  # a second server in one process has a node of its own
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
