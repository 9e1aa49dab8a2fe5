"""One prompt while it runs: what is told of it, and what is remembered for the history."""

import threading
from collections.abc import Callable

from .folders import Folders
from .hub import Hub
from .node_types import InterruptedRunError, Json, Result
from .queue import QueueItem


class Running:
    """Tells the client that queued the prompt; without one, only steps are told, and those to everybody."""

    def __init__(
        self, item: QueueItem, hub: Hub, folders: Folders, interrupt: threading.Event, now_ms: Callable[[], int]
    ) -> None:
        self.item = item
        self.hub = hub
        self.folders = folders
        self.interrupt = interrupt
        self.client_id: str | None = item.extra_data.get("client_id")
        self.executed: list[str] = []
        self._now_ms = now_ms
        self._messages: list[list[object]] = []
        self._shown: Json = {}
        self._states: dict[str, Json] = {}

    def message(self, event: str, data: Json, *, broadcast: bool = False) -> None:
        """Tell and remember one of the `execution_…` events."""
        data = {**data, "timestamp": self._now_ms()}
        self._messages.append([event, data])
        if self.client_id is not None or broadcast:
            self.hub.send(event, data, self.client_id)

    def begin(self, node_id: str) -> "NodeRun":
        """Tell that a node starts."""
        self.state(node_id, "running", 0.0, 1.0)
        if self.client_id is not None:
            self.hub.executing = (self.client_id, node_id)
            data = {"node": node_id, "display_node": node_id, "prompt_id": self.item.prompt_id}
            self.hub.send("executing", data, self.client_id)
        return NodeRun(self, node_id)

    def was_cached(self, node_id: str, result: Result) -> None:
        """Show again what an earlier prompt has made."""
        self.show(node_id, result)
        self.state(node_id, "finished", 1.0, 1.0)

    def show(self, node_id: str, result: Result) -> None:
        """Tell what a node has to show, if anything."""
        if result.ui is None:
            return
        self._shown[node_id] = result.ui
        if self.client_id is not None:
            told = {"node": node_id, "display_node": node_id, "output": result.ui, "prompt_id": self.item.prompt_id}
            self.hub.send("executed", told, self.client_id)

    def state(self, node_id: str, state: str, value: float, maximum: float) -> None:
        """Tell the states of all nodes that have begun."""
        names = dict.fromkeys(("node_id", "display_node_id", "real_node_id"), node_id)
        self._states[node_id] = {
            "value": value,
            "max": maximum,
            "state": state,
            "prompt_id": self.item.prompt_id,
            "parent_node_id": None,
            **names,
        }
        told = {"prompt_id": self.item.prompt_id, "nodes": dict(self._states)}
        self.hub.send("progress_state", told, self.client_id)

    def history(self, *, succeeded: bool) -> Json:
        """Give what `/history` keeps of the prompt."""
        return {
            "outputs": self._shown,
            "status": {
                "status_str": "success" if succeeded else "error",
                "completed": succeeded,
                "messages": self._messages,
            },
            "meta": {
                node_id: {
                    "node_id": node_id,
                    "display_node": node_id,
                    "parent_node": None,
                    "real_node_id": node_id,
                }
                for node_id in self._shown
            },
        }


class NodeRun:
    """One node while it runs; the `Run` that its function is given."""

    def __init__(self, running: Running, node_id: str) -> None:
        self._running = running
        self.node_id = node_id
        self.folders = running.folders
        self.prompt = running.item.prompt
        self.extra_pnginfo: Json = running.item.extra_data.get("extra_pnginfo") or {}
        self._maximum = 1.0

    def pause(self, seconds: float) -> None:
        """Wait, and raise InterruptedRunError as soon as the run is cancelled."""
        if self._running.interrupt.wait(seconds):
            raise InterruptedRunError

    def progress(self, value: int, maximum: int, picture: bytes | None = None) -> None:
        """Tell how far the node is."""
        running, prompt_id = self._running, self._running.item.prompt_id
        self._maximum = maximum
        running.state(self.node_id, "running", value, maximum)
        if picture is not None:
            names = dict.fromkeys(("node_id", "display_node_id", "real_node_id"), self.node_id)
            about = {**names, "prompt_id": prompt_id, "parent_node_id": None}
            running.hub.send_preview(picture, about, running.client_id)
        told = {"value": value, "max": maximum, "prompt_id": prompt_id, "node": self.node_id}
        running.hub.send("progress", told, running.client_id)

    def finish(self, result: Result) -> None:
        """Tell that the node is done, after what it shows."""
        self._running.show(self.node_id, result)
        self._running.state(self.node_id, "finished", self._maximum, self._maximum)
        self._running.executed.append(self.node_id)
