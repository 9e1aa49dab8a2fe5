"""Runs prompts, one after the other, in a thread of its own, and tells the pages in ComfyUI's order.

execution_start, execution_cached; for each node progress_state (running), executing, for each step progress_state,
a preview and progress, then executed where the node shows something, progress_state (finished); at the end
execution_success, or execution_interrupted, or execution_error. After the history is written: status, and executing
without a node.
"""

import hashlib
import json
import threading
import traceback
from collections.abc import Callable
from typing import Any

from .folders import Folders
from .hub import Hub
from .logbook import Logbook
from .node_types import InterruptedRunError, Json, Result
from .nodes import NODE_TYPES
from .queue import PromptQueue, QueueItem
from .running import NodeRun, Running
from .validation import is_link


class Executor:
    """The worker. `interrupt` reaches it between two steps of a node, or between two nodes."""

    def __init__(self, queue: PromptQueue, hub: Hub, folders: Folders, log: Logbook, now_ms: Callable[[], int]) -> None:
        self._queue = queue
        self._hub = hub
        self._folders = folders
        self._log = log
        self._now_ms = now_ms
        self._interrupt = threading.Event()
        self._cache: dict[str, Result] = {}

    def start(self) -> None:
        """Begin to work."""
        threading.Thread(target=self._work, name="demo-comfyui-worker", daemon=True).start()

    def stop(self) -> None:
        """Cancel what runs and end the thread."""
        self._queue.close()
        self._interrupt.set()

    def interrupt(self, prompt_id: str | None) -> bool:
        """Cancel the running prompt, where `prompt_id` is given only that one; tells whether one was running."""
        running = [item for item in self._queue.running() if prompt_id in (None, item.prompt_id)]
        if running:
            self._interrupt.set()
        return bool(running)

    def forget_results(self) -> None:
        """Drop the cache, so that the next prompt runs every node."""
        self._cache = {}

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            running = Running(item, self._hub, self._folders, self._interrupt, self._now_ms)
            succeeded = self._execute(item, running)
            self._hub.executing = None
            self._queue.done(item, running.history(succeeded=succeeded))
            # Only a prompt that runs can be interrupted, so this never clears what was meant for the next one.
            self._interrupt.clear()
            if running.client_id is not None:
                self._hub.send("executing", {"node": None, "prompt_id": item.prompt_id}, running.client_id)
            self._log.write(f"Prompt {'executed' if succeeded else 'ended early'} (demo, no GPU)")

    def _execute(self, item: QueueItem, running: Running) -> bool:
        running.message("execution_start", {"prompt_id": item.prompt_id})
        order = _in_order(item.prompt, item.outputs)
        keys = _cache_keys(item.prompt, order, self._folders)
        # As ComfyUI's classic cache: what the previous prompt had and this one has too.
        self._cache = {key: result for key, result in self._cache.items() if key in keys.values()}
        cached = [node_id for node_id in order if keys[node_id] in self._cache]
        running.message("execution_cached", {"nodes": cached, "prompt_id": item.prompt_id})
        results: dict[str, Result] = {node_id: self._cache[keys[node_id]] for node_id in cached}
        for node_id in order:
            if node_id in cached:
                # Only what is asked for is told again; what lies upstream of it stays silent.
                if node_id in item.outputs:
                    running.was_cached(node_id, results[node_id])
                continue
            node = running.begin(node_id)
            result = self._run_node(item, running, node, results)
            if result is None:
                return False
            results[node_id] = self._cache[keys[node_id]] = result
            node.finish(result)
        running.message("execution_success", {"prompt_id": item.prompt_id})
        return True

    def _run_node(self, item: QueueItem, running: Running, node: NodeRun, results: dict[str, Result]) -> Result | None:
        class_type: str = item.prompt[node.node_id]["class_type"]
        given: Json = {
            name: results[str(value[0])].outputs[value[1]] if is_link(value) else value
            for name, value in item.prompt[node.node_id]["inputs"].items()
        }
        about: Json = {
            "prompt_id": item.prompt_id,
            "node_id": node.node_id,
            "node_type": class_type,
            "executed": list(running.executed),
        }
        try:
            node.pause(0)
            return NODE_TYPES[class_type].run(node, given)
        except InterruptedRunError:
            self._log.write("Processing interrupted")
            running.message("execution_interrupted", about, broadcast=True)
        except Exception as error:  # noqa: BLE001  # whatever a node does, the worker lives on and tells it
            self._log.write(f"!!! Exception during processing !!! {error}")
            running.message("execution_error", about | _described(error, given, results))
        return None


def _described(error: Exception, given: Json, results: dict[str, Result]) -> Json:
    plain = {name: value for name, value in given.items() if isinstance(value, bool | int | float | str)}
    return {
        "exception_message": f"{error}\n",
        "exception_type": type(error).__qualname__,
        "traceback": traceback.format_tb(error.__traceback__),
        "current_inputs": {name: [value] for name, value in plain.items()},
        "current_outputs": list(results),
    }


def _links(node: Json) -> list[str]:
    return [str(value[0]) for value in node["inputs"].values() if is_link(value)]


def _in_order(prompt: Json, outputs: list[str]) -> list[str]:
    """List the nodes that the outputs need, each after what it depends on. The prompt has no cycles."""
    order: list[str] = []

    def visit(node_id: str) -> None:
        if node_id not in order:
            for source in _links(prompt[node_id]):
                visit(source)
            order.append(node_id)

    for node_id in outputs:
        visit(node_id)
    return order


def _cache_keys(prompt: Json, order: list[str], folders: Folders) -> dict[str, str]:
    """Give for each node a key of all that its result depends on: its class, its values, what it is linked to."""
    keys: dict[str, str] = {}
    for node_id in order:
        node = prompt[node_id]
        node_type = NODE_TYPES[node["class_type"]]
        inputs: list[Any] = [
            [name, [keys[str(value[0])], value[1]] if is_link(value) else value]
            for name, value in sorted(node["inputs"].items())
        ]
        # Two output nodes with the same inputs both have to show something: they do not share a result.
        parts: list[Any] = [node_type.name, inputs, node_id if node_type.output_node else ""]
        if node_type.fingerprint:
            parts.append(node_type.fingerprint(folders, node["inputs"]))
        keys[node_id] = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return keys
