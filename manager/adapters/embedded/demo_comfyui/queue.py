"""The prompts that wait, run and have run. In memory only, as in ComfyUI: a restart forgets them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from .node_types import Json

MAX_HISTORY = 1000  # entries; ComfyUI keeps 10,000


@dataclass(order=True)
class QueueItem:
    """One prompt; the lowest number runs first, and among equals the one that came first."""

    number: float
    sequence: int
    prompt_id: str = field(compare=False)
    prompt: Json = field(compare=False)
    extra_data: Json = field(compare=False)
    outputs: list[str] = field(compare=False)

    def as_list(self) -> list[object]:
        """Give it as `/queue` and `/history` show it."""
        return [self.number, self.prompt_id, self.prompt, self.extra_data, self.outputs]


class PromptQueue:
    """Hands prompts to the one worker. `changed` is called, with the lock held, when a count has changed."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._condition = threading.Condition(threading.RLock())
        self._pending: list[QueueItem] = []
        self._running: QueueItem | None = None
        self._history: dict[str, Json] = {}
        self._sequence = 0
        self._closed = False

    def put(self, prompt_id: str, prompt: Json, extra_data: Json, outputs: list[str], number: float | None, *,
            front: bool = False) -> float:  # fmt: skip
        """Queue a prompt and give its number; without one, it goes to the end, or to the front."""
        with self._condition:
            if number is None:
                number = float(-self._sequence if front else self._sequence)
            self._sequence += 1
            number = int(number) if number == int(number) else number
            self._pending.append(QueueItem(number, self._sequence, prompt_id, prompt, extra_data, outputs))
            self._pending.sort()
            self._changed()
            self._condition.notify()
            return number

    def get(self) -> QueueItem | None:
        """Wait for the next prompt and mark it as running; None after `close`."""
        with self._condition:
            self._condition.wait_for(lambda: self._pending or self._closed)
            if self._closed:
                return None
            self._running = self._pending.pop(0)
            self._changed()
            return self._running

    def done(self, item: QueueItem, result: Json) -> None:
        """Move the running prompt into the history."""
        with self._condition:
            self._running = None
            self._history[item.prompt_id] = {"prompt": item.as_list(), **result}
            while len(self._history) > MAX_HISTORY:
                del self._history[next(iter(self._history))]
            self._changed()

    def close(self) -> None:
        """Let the worker go."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def counts(self) -> tuple[int, int]:
        """Give how many run and how many wait."""
        return int(self._running is not None), len(self._pending)

    def running(self) -> list[QueueItem]:
        """Give the prompt that runs, as a list of none or one."""
        running = self._running
        return [running] if running else []

    def pending(self) -> list[QueueItem]:
        """Give the prompts that wait, next one first."""
        with self._condition:
            return list(self._pending)

    def history(self) -> dict[str, Json]:
        """Give what has run, oldest first."""
        with self._condition:
            return dict(self._history)

    def remove(self, wanted: Callable[[str], bool]) -> int:
        """Drop the waiting prompts whose id is wanted; gives how many."""
        with self._condition:
            kept = [item for item in self._pending if not wanted(item.prompt_id)]
            removed = len(self._pending) - len(kept)
            self._pending = kept
            if removed:
                self._changed()
            return removed

    def forget(self, wanted: Callable[[str], bool]) -> None:
        """Drop the finished prompts whose id is wanted."""
        with self._condition:
            self._history = {key: value for key, value in self._history.items() if not wanted(key)}
