"""What stands beside a box in a test: its metadata server, and whatever else the test serves to it."""

import asyncio
import threading
import time
from pathlib import Path

from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from manager.adapters.embedded.machines.container.listening import Listening
from manager.adapters.embedded.machines.container.metadata_server import metadata_app
from manager.adapters.embedded.machines.container.metadata_tree import Identity, Tree, tree
from manager.adapters.embedded.machines.container.network import METADATA_ADDRESS, Network


class BoxSource:
    """What the metadata server of a box without a cloud answers."""

    def __init__(self, identity: Identity, attributes: dict[str, str]) -> None:
        self.identity, self.attributes = identity, attributes
        self.project_attributes: dict[str, str] = {}
        self.written: dict[str, dict[str, str]] = {}
        self.writes: list[tuple[float, str, str, str | None]] = []

    def tree(self) -> Tree:
        return tree(self.identity, self.attributes, self.project_attributes)

    def guest_attributes(self) -> dict[str, dict[str, str]] | None:
        return self.written if self.attributes.get("enable-guest-attributes", "").upper() == "TRUE" else None

    def write(self, namespace: str, key: str, value: str | None) -> None:
        self.writes.append((time.monotonic(), namespace, key, value))
        if value is None:
            self.written[namespace].pop(key)
        else:
            self.written.setdefault(namespace, {})[key] = value


class Beside:
    """Servers at 169.254.169.254, in a thread with a loop of its own."""

    def __init__(self, network: Network, source: BoxSource) -> None:
        self._network = network
        self._servers: list[Listening] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="beside-the-box", daemon=True)
        self._thread.start()
        self._add(metadata_app(source), 80)

    def serve(self, what: Path | ASGIApp, port: int) -> str:
        """Serve a folder or an application at a port, 0 for any; the URL without a slash at the end."""
        app = StaticFiles(directory=what, html=True) if isinstance(what, Path) else what
        return f"http://{METADATA_ADDRESS}:{self._add(app, port)}"

    def _add(self, app: ASGIApp, port: int) -> int:
        listener = self._network.listener(port)
        server = Listening(app, listener)
        self._servers.append(server)
        self._loop.call_soon_threadsafe(server.start)
        return int(listener.getsockname()[1])

    def close(self) -> None:
        """Serve nothing any more."""
        for server in self._servers:
            asyncio.run_coroutine_threadsafe(server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
