"""Google's discovery document as a judge: every request and response of the embedded cloud is held against it."""

import functools
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl

Json = dict[str, Any]
_WHOLE = re.compile(r"-?\d+")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "array": list,
}


@functools.cache
def document() -> Json:
    """Answer compute.v1 as it ships inside google-api-python-client."""
    folder = resources.files("googleapiclient") / "discovery_cache" / "documents"
    return json.loads((folder / "compute.v1.json").read_text())


def _described(method: Json, name: str) -> bool:
    """Some methods name a parameter only in their description (returnPartialSuccess of aggregated lists)."""
    return f"`{name}` parameter" in method["description"].replace("\n", " ")


class Discovery:
    """Finds methods and checks values; every check answers a list of complaints."""

    def __init__(self) -> None:
        self.schemas: Json = document()["schemas"]
        self.common: Json = document()["parameters"]
        self.methods = [
            (method["httpMethod"], self._pattern(method["path"]), method)
            for resource in document()["resources"].values()
            for method in resource.get("methods", {}).values()
        ]

    @staticmethod
    def _pattern(path: str) -> re.Pattern[str]:
        return re.compile(
            "".join(
                part if i % 2 == 0 else f"(?P<{part}>[^/]+)" for i, part in enumerate(re.split(r"\{\+?(\w+)\}", path))
            )
        )

    def method(self, verb: str, path: str) -> Json | None:
        """Answer the method of a request, by its path below /compute/v1/; the one with most fixed text wins."""
        found = [
            (len(m["path"]) - 40 * m["path"].count("{"), m)
            for v, p, m in self.methods
            if v == verb and p.fullmatch(path)
        ]
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def request(self, verb: str, path: str, query: str, body: Any) -> list[str]:
        """Complain about a request."""
        method = self.method(verb, path)
        if method is None:
            return [f"no method {verb} {path}"]
        known = method.get("parameters", {}) | self.common
        wrong: list[str] = []
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name not in known and not name.startswith("$") and not _described(method, name):
                wrong.append(f"{method['id']}: unknown query parameter {name}")
            elif name in known:
                wrong += self._parameter(f"{method['id']}?{name}", known[name], value)
        for name, value in (self._pattern(method["path"]).fullmatch(path) or {}).groupdict().items():
            if not re.fullmatch(known[name].get("pattern", ".*"), value):
                wrong.append(f"{method['id']}: {name}={value} does not match its pattern")
        if body is not None and "request" not in method:
            wrong.append(f"{method['id']}: takes no body")
        elif body is not None:
            wrong += self.value(self.schemas[method["request"]["$ref"]], body, method["request"]["$ref"], lenient=True)
        return wrong

    def response(self, verb: str, path: str, status: int, body: Any) -> list[str]:
        """Complain about a response."""
        if status >= 400:
            return self._error(body)
        method = self.method(verb, path)
        if method is None:
            return [f"no method {verb} {path}"]
        name = method["response"]["$ref"]
        return self.value(self.schemas[name], body, name)

    @staticmethod
    def _error(body: Any) -> list[str]:
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict) or set(body) != {"error"}:
            return [f"not Google's error body: {body}"]
        if extra := set(error) - {"code", "message", "errors", "status", "details"}:
            return [f"error: unknown {extra}"]
        entries = error.get("errors") or [{}]
        told = all({"domain", "reason", "message"} <= set(entry) for entry in entries)
        return [] if told and isinstance(error.get("code"), int) else [f"not Google's error body: {body}"]

    @staticmethod
    def _parameter(where: str, schema: Mapping[str, Any], value: str) -> list[str]:
        if "enum" in schema and value not in schema["enum"]:
            return [f"{where}: {value} is none of {schema['enum']}"]
        if schema.get("type") == "boolean" and value.lower() not in {"true", "false"}:
            return [f"{where}: {value} is no boolean"]
        if schema.get("type") == "integer" and not _WHOLE.fullmatch(value):
            return [f"{where}: {value} is no number"]
        return []

    def value(self, schema: Json, value: Any, where: str, *, lenient: bool = False) -> list[str]:
        """Complain about a value. `lenient`: an int64 may be a number, as Google accepts in requests."""
        if "$ref" in schema:
            return self.value(self.schemas[schema["$ref"]], value, where, lenient=lenient)
        kind = schema.get("type", "any")
        if kind == "any" or (lenient and value is None):  # null in a request says: not set
            return []
        if lenient and schema.get("format") in {"int64", "uint64"} and type(value) is int:
            return []
        if not isinstance(value, _TYPES[kind]) or (kind != "boolean" and isinstance(value, bool)):
            return [f"{where}: {value!r} is no {kind}"]
        if kind == "array":
            pairs = enumerate(value)
            return [w for i, item in pairs for w in self.value(schema["items"], item, f"{where}[{i}]", lenient=lenient)]
        if kind == "object":
            return self._fields(schema, value, where, lenient=lenient)
        return self._text(schema, value, where) if kind == "string" else []

    def _fields(self, schema: Json, value: Json, where: str, *, lenient: bool) -> list[str]:
        properties, other = schema.get("properties", {}), schema.get("additionalProperties")
        wrong: list[str] = []
        for name, item in value.items():
            field = properties.get(name, other)
            if field is None:
                wrong.append(f"{where}: unknown field {name}")
            else:
                wrong += self.value(field, item, f"{where}.{name}", lenient=lenient)
        return wrong

    @staticmethod
    def _text(schema: Json, value: str, where: str) -> list[str]:
        if "enum" in schema and value not in schema["enum"]:
            return [f"{where}: {value!r} is none of {', '.join(schema['enum'])}"]
        if schema.get("format") in {"int64", "uint64"} and not _WHOLE.fullmatch(value):
            return [f"{where}: {value!r} is no {schema['format']}"]
        if "pattern" in schema and not re.fullmatch(schema["pattern"], value):
            return [f"{where}: {value!r} does not match {schema['pattern']}"]
        return []
