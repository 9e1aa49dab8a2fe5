"""Is a prompt one that can run? Answers in ComfyUI's words, which its page puts next to the nodes."""

from dataclasses import dataclass, field
from typing import Any, cast

from .folders import Folders
from .node_types import Inputs, InputSpec, Json
from .nodes import NODE_TYPES

_CONVERSIONS = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


@dataclass(frozen=True)
class Validation:
    """`error` is set where nothing of the prompt can run; `node_errors` also where a part of it cannot."""

    error: Json | None
    outputs: list[str] = field(default_factory=list[str])
    node_errors: Json = field(default_factory=dict[str, Any])


def problem(kind: str, message: str, details: str = "", **extra_info: Any) -> Json:
    """Give an error in the shape that ComfyUI gives all of them."""
    return {"type": kind, "message": message, "details": details, "extra_info": extra_info}


def validate(prompt: Any, folders: Folders, targets: list[str] | None = None) -> Validation:
    """Check `prompt` (node id → `{class_type, inputs}`); with `targets`, only these output nodes count.

    Widget values are converted in place to their input's type, as ComfyUI does.
    """
    if not isinstance(prompt, dict):
        return Validation(problem("invalid_prompt", "The prompt is not an object of nodes"))
    graph = cast("dict[str, Json]", prompt)
    for node_id, node in graph.items():
        missing = _missing_type(node_id, node)
        if missing is not None:
            return Validation(missing)
    wanted = [
        node_id
        for node_id, node in graph.items()
        if NODE_TYPES[node["class_type"]].output_node and (targets is None or node_id in targets)
    ]
    if not wanted:
        return Validation(problem("prompt_no_outputs", "Prompt has no outputs"))
    checker = _Checker(graph, folders)
    good = [node_id for node_id in wanted if checker.valid(node_id)]
    node_errors = checker.node_errors(set(wanted) - set(good))
    if good:
        return Validation(None, good, node_errors)
    reasons = [error for node_id in wanted for error in checker.errors.get(node_id, [])]
    details = "\n".join(f"{error['message']}: {error['details']}" for error in reasons)
    error = problem("prompt_outputs_failed_validation", "Prompt outputs failed validation", details)
    return Validation(error, [], node_errors)


def is_link(value: Any) -> bool:
    """Tell whether an input's value is `[node id, output index]` instead of a widget's value."""
    return isinstance(value, list)


def _missing_type(node_id: str, node: Any) -> Json | None:
    about = cast("Json", node) if isinstance(node, dict) else {}
    class_type = about.get("class_type")
    if class_type in NODE_TYPES:
        about.setdefault("inputs", {})
        return None
    title = about.get("_meta", {}).get("title", class_type)
    message = (
        f"Node '{title or f'ID #{node_id}'}' has no class_type. The workflow may be corrupted."
        if class_type is None
        else f"Node '{title}' not found. The demo has no custom nodes and no models."
    )
    extra: Json = {"node_id": node_id, "class_type": class_type, "node_title": title}
    return problem("missing_node_type", message, f"Node ID '#{node_id}'", **extra)


class _Checker:
    """Walks from the outputs upstream, each node once."""

    def __init__(self, graph: dict[str, Json], folders: Folders) -> None:
        self._graph = graph
        self._folders = folders
        self._valid: dict[str, bool] = {}
        self._needs: dict[str, set[str]] = {}
        self.errors: dict[str, list[Json]] = {}

    def valid(self, node_id: str, visiting: tuple[str, ...] = ()) -> bool:
        """Tell whether a node and all that it depends on can run."""
        if node_id in visiting:
            return self._cycle([*visiting[visiting.index(node_id) :], node_id])
        if node_id in self._valid:
            return self._valid[node_id]
        node = self._graph[node_id]
        inputs: Inputs = NODE_TYPES[node["class_type"]].inputs(self._folders)
        upstream_valid = True
        self._needs[node_id] = {node_id}
        for name, spec in inputs.items():
            error, source = self._check(node["inputs"], name, spec)
            if error is not None:
                self.errors.setdefault(node_id, []).append(error)
            elif source is not None:
                upstream_valid &= self.valid(source, (*visiting, node_id))
                self._needs[node_id] |= self._needs.get(source, {source})
        self._valid[node_id] = upstream_valid and node_id not in self.errors
        return self._valid[node_id]

    def node_errors(self, bad_outputs: set[str]) -> Json:
        """Give the errors by node, with the outputs that will not come because of each."""
        return {
            node_id: {
                "errors": errors,
                "dependent_outputs": sorted(output for output in bad_outputs if node_id in self._needs.get(output, ())),
                "class_type": self._graph[node_id]["class_type"],
            }
            for node_id, errors in self.errors.items()
        }

    def _cycle(self, path: list[str]) -> bool:
        named = " -> ".join(f"{node_id} ({self._graph[node_id]['class_type']})" for node_id in path)
        for node_id in dict.fromkeys(path):
            extra: Json = {"node_id": node_id, "cycle_nodes": list(dict.fromkeys(path))}
            error = problem("dependency_cycle", "Dependency cycle detected", named, **extra)
            self.errors.setdefault(node_id, []).append(error)
        return False

    def _check(self, given: Json, name: str, spec: InputSpec) -> tuple[Json | None, str | None]:
        """Check one input; gives the error, if any, and the node that it is linked to, if any."""
        about: Json = {"input_name": name, "input_config": list(spec)}
        if name not in given:
            return problem("required_input_missing", "Required input is missing", name, input_name=name), None
        value = given[name]
        if not is_link(value):
            return _check_value(given, name, spec, about), None
        about["received_value"] = value
        source = self._graph.get(str(value[0])) if len(value) == 2 else None  # noqa: PLR2004  # [node, slot]
        types = NODE_TYPES[source["class_type"]].outputs if source else ()
        if not source or not isinstance(value[1], int) or not 0 <= value[1] < len(types):
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            return problem("bad_linked_input", message, name, **about), None
        if types[value[1]] != spec[0]:
            details = f"{name}, received_type({types[value[1]]}) mismatch input_type({spec[0]})"
            del about["received_value"]
            about |= {"received_type": types[value[1]], "linked_node": value}
            return problem("return_type_mismatch", "Return type mismatch between linked nodes", details, **about), None
        return None, str(value[0])


def _check_value(given: Json, name: str, spec: InputSpec, about: Json) -> Json | None:
    kind, options = spec
    value = given[name]
    about["received_value"] = value
    if isinstance(kind, list):
        if value in kind:
            return None
        details = f"{name}: {value!r} not in {kind}"
        return problem("value_not_in_list", "Value not in list", details, **about)
    try:
        given[name] = value = _CONVERSIONS[kind](value)
    except (KeyError, TypeError, ValueError) as error:
        message = f"Failed to convert an input value to a {kind} value"
        about["exception_message"] = str(error)
        return problem("invalid_input_type", message, f"{name}, {value}, {error}", **about)
    if "min" in options and value < options["min"]:
        message = f"Value {value} smaller than min of {options['min']}"
        return problem("value_smaller_than_min", message, name, **about)
    if "max" in options and value > options["max"]:
        message = f"Value {value} bigger than max of {options['max']}"
        return problem("value_bigger_than_max", message, name, **about)
    return None
