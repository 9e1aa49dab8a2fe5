"""Which models were used last, out of ComfyUI's own history.

Neither a file's time of access (disks are mounted without, and this program reads too) nor what is in the cache tells
that. A graph does: a string among its inputs that is the path of a model is a model that the graph used, whatever the
node and the input are called.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from gpubox_agent.files import read_json, write_json

_MOST_FILES = 20
_LONGEST_NAME = 500


def graphs_of_history(body: object) -> list[dict[str, Any]]:
    """The graphs in the answer of `GET /history`, the newest first."""
    if not isinstance(body, dict):
        return []
    numbered: list[tuple[float, dict[str, Any]]] = []
    for entry in cast("dict[str, object]", body).values():
        prompt = cast("dict[str, object]", entry).get("prompt") if isinstance(entry, dict) else None
        if not isinstance(prompt, list):
            continue
        parts = cast("list[object]", prompt)
        if len(parts) > 2 and isinstance(parts[0], (int, float)) and isinstance(parts[2], dict):  # noqa: PLR2004
            numbered.append((float(parts[0]), cast("dict[str, Any]", parts[2])))
    return [graph for _, graph in sorted(numbered, key=lambda each: each[0], reverse=True)]


def models_of(graph: dict[str, Any], models: Path) -> list[str]:
    """The files of this graph, relative to models/, in the order of its nodes."""
    folders = sorted(folder.name for folder in models.iterdir() if folder.is_dir()) if models.is_dir() else []
    found = (f"{folder}/{name}" for name in _names(graph) for folder in folders if (models / folder / name).is_file())
    return list(dict.fromkeys(found))


def _names(graph: dict[str, Any]) -> Iterator[str]:
    for node in graph.values():
        inputs = cast("dict[str, object]", node).get("inputs") if isinstance(node, dict) else None
        for value in cast("dict[str, object]", inputs).values() if isinstance(inputs, dict) else ():
            if isinstance(value, str) and _is_path(value):
                yield value


def _is_path(value: str) -> bool:
    """Prompts are long, and nobody's text leads out of the folder."""
    return 0 < len(value) <= _LONGEST_NAME and value.isprintable() and not {"", ".", ".."} & set(value.split("/"))


class LastUsed:
    """The list on the data disk, the last used first."""

    def __init__(self, file: Path, models: Path) -> None:
        self._file = file
        self.models = models
        known = (read_json(file) or {}).get("files")
        listed = cast("list[object]", known) if isinstance(known, list) else []
        self.files = [name for name in listed if isinstance(name, str) and _is_path(name)]

    def used(self, names: Iterable[str]) -> bool:
        """These were used now, the newest first; whether that changes anything. Raises OSError."""
        files = list(dict.fromkeys([*names, *self.files]))[:_MOST_FILES]
        if files == self.files:
            return False
        self.files = files
        write_json(self._file, {"files": files})
        return True

    def paths(self) -> list[Path]:
        """Those that are still there."""
        return [path for name in self.files if (path := self.models / name).is_file()]
