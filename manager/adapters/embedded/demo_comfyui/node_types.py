"""What a node is: its inputs and outputs in ComfyUI's terms, and the function behind it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .folders import Folders

Json = dict[str, Any]
# [type or list of choices, options], as `/object_info` gives them.
InputSpec = tuple[str | list[str], Json]
Inputs = Mapping[str, InputSpec]


class InterruptedRunError(Exception):
    """The person cancelled; raised between two steps."""


class Run(Protocol):
    """What a node may ask of the run that it is part of."""

    folders: Folders
    prompt: Json
    extra_pnginfo: Json

    def pause(self, seconds: float) -> None:
        """Wait, and raise InterruptedRunError as soon as the run is cancelled."""
        ...

    def progress(self, value: int, maximum: int, picture: bytes | None = None) -> None:
        """Tell how far the node is; `picture` is a JPEG of what there is so far."""
        ...


@dataclass(frozen=True)
class Result:
    """What a node gives: one value for each output, and what the page shows of it."""

    outputs: tuple[Any, ...]
    ui: Json | None = None


@dataclass(frozen=True)
class NodeType:
    """A class of nodes. `inputs` is asked anew each time, since choices can depend on files."""

    name: str
    title: str
    category: str
    inputs: Callable[[Folders], Inputs]
    run: Callable[[Run, Json], Result]
    outputs: tuple[str, ...] = ("IMAGE",)
    output_names: tuple[str, ...] = ("IMAGE",)
    output_node: bool = False
    description: str = ""
    search_aliases: tuple[str, ...] = ()
    hidden: Mapping[str, str] = field(default_factory=dict[str, str])
    # What else than its inputs the result depends on, as text for the cache.
    fingerprint: Callable[[Folders, Json], str] | None = None

    def info(self, folders: Folders) -> Json:
        """Describe the node as `/object_info` does."""
        inputs = self.inputs(folders)
        parts: Json = {"required": {name: list(spec) if spec[1] else [spec[0]] for name, spec in inputs.items()}}
        order: Json = {"required": list(inputs)}
        if self.hidden:
            parts["hidden"] = dict(self.hidden)
            order["hidden"] = list(self.hidden)
        return {
            "input": parts,
            "input_order": order,
            "is_input_list": False,
            "output": list(self.outputs),
            "output_is_list": [False] * len(self.outputs),
            "output_name": list(self.output_names),
            "name": self.name,
            "display_name": self.title,
            "description": self.description,
            "python_module": "nodes",
            "category": self.category,
            "output_node": self.output_node,
            "has_intermediate_output": False,
            "search_aliases": list(self.search_aliases),
        }
