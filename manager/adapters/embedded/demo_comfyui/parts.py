"""The parts of one demo server, as the routes are given them."""

from collections.abc import Callable
from dataclasses import dataclass

from .executor import Executor
from .folders import Folders
from .frontend import Frontend
from .hub import Hub
from .logbook import Logbook
from .node_types import Json
from .options import Options
from .queue import PromptQueue

# The ComfyUI whose answers were compared; the suffix (build metadata in semantic versioning) says what this is.
VERSION = "0.33.0+gpubox.demo"
ABOUT = "demo without a GPU"


@dataclass(frozen=True)
class Parts:
    """What there is once, for all requests."""

    options: Options
    frontend: Frontend
    folders: Folders
    queue: PromptQueue
    hub: Hub
    executor: Executor
    log: Logbook
    now_ms: Callable[[], int]


def server_features(options: Options) -> Json:
    """Give what the server can do, as `/features` and the WebSocket tell it."""
    return {
        "supports_preview_metadata": True,
        "supports_model_type_tags": True,
        "max_upload_size": round(options.max_upload_mb * 1024 * 1024),  # bytes
        "extension": {"manager": {"supports_v4": True}},
        "node_replacements": True,
        "assets": False,
    }


def queue_info(queue: PromptQueue) -> Json:
    """Give how many prompts remain, those that run included."""
    return {"exec_info": {"queue_remaining": sum(queue.counts())}}
