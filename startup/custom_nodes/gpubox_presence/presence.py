"""What is known about persons and progress, free of any web framework.

`GET /gpubox/presence` answers::

    {"version": 1,
     "person":   {"count": 3, "age_s": 12.3},
     "queue":    {"running": 1, "pending": 0},
     "progress": {"count": 40, "age_s": 0.4, "value": 7, "max": 20, "node": "5", "prompt_id": "…"},
     "boot_id":  "uuid",
     "comfyui_version": "0.33.0"}

`age_s` is in seconds of a monotonic clock, null before the first sign. A `count` only grows while the process
lives, and `boot_id` names that process: a reader counts a sign only where a counter moved, so that a jump of a
clock fools nobody. `queue`, `progress` and `comfyui_version` are null where this ComfyUI does not let them be seen.
"""

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

PATH = "/gpubox/presence"
# A page of another site can send this header only after a CORS preflight, which ComfyUI does not grant.
GUARD_HEADER = "X-Gpubox-Presence"

# What ComfyUI says while work moves: a step, a node that begins or ends, a prompt that ends. Not `status`: it is
# also sent when a prompt is merely queued.
SIGNS_OF_PROGRESS = frozenset(
    {
        "progress",
        "progress_state",
        "executing",
        "executed",
        "execution_start",
        "execution_success",
        "execution_error",
        "execution_interrupted",
    }
)

Answer = tuple[int, dict[str, Any]]
Handler = Callable[[Mapping[str, str]], Answer]
Listener = Callable[[object, object], None]


class Host(Protocol):
    """The server that the node lives in."""

    def route(self, method: str, path: str, handler: Handler) -> None:
        """Answer `method path` with the (status, JSON) that `handler` makes of the request's headers."""
        ...

    def listen(self, listener: Listener) -> bool:
        """Pass each (event, data) meant for the pages to `listener`; False where that cannot be seen."""
        ...

    def version(self) -> str | None:
        """Give the server's own version; None where that cannot be seen."""
        ...

    def queue(self) -> dict[str, int] | None:
        """Give `{"running": n, "pending": n}` without copying a graph; None where that cannot be seen."""
        ...


class Presence:
    """Counts signs of persons and of progress. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._boot_id = str(uuid.uuid4())
        self._persons = 0
        self._person_at: float | None = None
        self._progress: dict[str, Any] = {"count": 0, "value": None, "max": None, "node": None, "prompt_id": None}
        self._progress_at: float | None = None

    def person(self) -> None:
        """Count one report of a person."""
        with self._lock:
            self._persons += 1
            self._person_at = self._clock()

    def event(self, event: object, data: object) -> None:
        """Take in a message that ComfyUI sends to its pages."""
        if not isinstance(event, str) or event not in SIGNS_OF_PROGRESS or not isinstance(data, Mapping):
            return
        details = _details(event, cast("Mapping[str, Any]", data))
        with self._lock:
            self._progress_at = self._clock()
            self._progress |= {"count": self._progress["count"] + 1, **details}

    def snapshot(self, queue: dict[str, int] | None, *, progress: bool) -> dict[str, Any]:
        """Give the answer of `GET /gpubox/presence`; without `progress` that part is null."""
        with self._lock:
            return {
                "version": 1,
                "person": {"count": self._persons, "age_s": self._age(self._person_at)},
                "queue": queue,
                "progress": {**self._progress, "age_s": self._age(self._progress_at)} if progress else None,
                "boot_id": self._boot_id,
            }

    def _age(self, moment: float | None) -> float | None:
        return None if moment is None else round(self._clock() - moment, 3)


def _details(event: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Give what `data` tells about the step: `progress` has numbers, the other events at most a node."""
    seen = {key: data[key] for key in ("value", "max", "node", "prompt_id") if key in data}
    if event == "execution_start":
        return {"value": None, "max": None, "node": None, **seen}
    return seen


def connect(host: Host, presence: Presence | None = None) -> None:
    """Wire a `Presence` into `host`: two routes and an ear for its events."""
    seen = presence or Presence()
    sees_progress, version = host.listen(seen.event), host.version()

    def get(_headers: Mapping[str, str]) -> Answer:
        return 200, seen.snapshot(host.queue(), progress=sees_progress) | {"comfyui_version": version}

    def post(headers: Mapping[str, str]) -> Answer:
        # Browsers say where a request comes from; the header guards where they do not.
        if GUARD_HEADER not in headers or headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return 403, {"error": "reports of presence come from ComfyUI's own page"}
        seen.person()
        return 200, {}

    host.route("GET", PATH, get)
    host.route("POST", PATH, post)
