"""The description of the API as a page to read: no scripts, nothing from elsewhere."""

from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 56rem; margin: 0 auto; padding: 24px 16px; }
h1 { font-size: 24px; } h2 { font-size: 18px; margin-top: 40px; }
section { border: 1px solid color-mix(in oklch, currentColor 20%, transparent); border-radius: 10px;
  padding: 4px 16px 12px; margin: 12px 0; }
h3 { font-size: 15px; margin: 8px 0; } code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: 2px 12px 2px 0; }
.method { display: inline-block; min-width: 4em; font-weight: 700; }
"""


def render_docs(document: Mapping[str, Any], nonce: str) -> str:
    """The page as HTML; `nonce` is the one in its policy."""
    info = document["info"]
    by_tag: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation.get("tags", ["other"])[0], []).append(_operation(path, method, operation))
    parts = [f"<h2>{escape(tag)}</h2>{''.join(sections)}" for tag, sections in by_tag.items()]
    schemas = document["components"]["schemas"]
    parts.append("<h2>What goes in and out</h2>" + "".join(_schema(name, schemas[name]) for name in sorted(schemas)))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><style nonce="{nonce}">{_STYLE}</style></head><body><main>'
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info.get('summary', ''))}</p>"
        "<p>A session is proved by <code>x-auth-token</code>, by <code>Authorization: Bearer</code> or by the cookie. "
        'The same for programs: <a href="/openapi.json">/openapi.json</a></p>'
        f"{''.join(parts)}</main></body></html>"
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    rows = [_parameter(each) for each in operation.get("parameters", [])]
    body = operation.get("requestBody")
    if body:
        rows.append(f"<tr><th>body</th><td>{_type(_content_schema(body))}</td></tr>")
    for status, answer in operation["responses"].items():
        kind = _type(_content_schema(answer))
        rows.append(f"<tr><th>{escape(status)}</th><td>{escape(answer.get('description', ''))} {kind}</td></tr>")
    open_to = "" if operation.get("security") else " · no session needed"
    return (
        f'<section><h3><span class="method">{method.upper()}</span> <code>{escape(path)}</code></h3>'
        f"<p>{escape(operation.get('summary', ''))}{open_to}. {escape(operation.get('description', ''))}</p>"
        f"<table>{''.join(rows)}</table></section>"
    )


def _parameter(parameter: Mapping[str, Any]) -> str:
    name, place = escape(parameter["name"]), escape(parameter["in"])
    return f"<tr><th>{name}</th><td>{_type(parameter.get('schema'))} in {place}</td></tr>"


def _content_schema(part: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for content in part.get("content", {}).values():
        return content.get("schema")
    return None


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    rows = [
        f"<tr><th>{escape(field)}</th><td>{_type(each)} {escape(each.get('description', ''))}</td></tr>"
        for field, each in schema.get("properties", {}).items()
    ]
    return (
        f'<section id="{escape(name)}"><h3><code>{escape(name)}</code></h3>'
        f"<p>{escape(schema.get('description', ''))}</p><table>{''.join(rows)}</table></section>"
    )


def _type(schema: Mapping[str, Any] | None) -> str:
    if not schema:
        return ""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}"><code>{name}</code></a>'
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return "<code>" + escape(" | ".join(str(each) for each in schema["enum"])) + "</code>"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items')) or 'anything'}"
    return f"<code>{escape(str(schema.get('format') or schema.get('type') or 'anything'))}</code>"
