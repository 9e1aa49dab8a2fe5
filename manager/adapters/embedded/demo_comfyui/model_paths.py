"""Reads which folders with custom nodes an extra-model-paths file names.

The files that gpubox writes are a small part of YAML, and so is what is read here: sections with indented
`key: value` lines, quotes, comments, and `|` blocks with one path a line. The demo has no use for the models that
such a file may name too, and no YAML parser among its dependencies.
"""

from pathlib import Path


def custom_node_folders(file: Path) -> list[Path]:
    """List the folders of all `custom_nodes` entries, below the section's `base_path` where it has one."""
    folders: list[Path] = []
    for section in _sections(file.read_text(encoding="utf-8")):
        base = (file.parent / _one(section, "base_path")).expanduser()
        folders += [(base / name).resolve() for name in section.get("custom_nodes", [])]
    return folders


def _one(section: dict[str, list[str]], key: str) -> str:
    return next(iter(section.get(key, [])), "")


def _sections(text: str) -> list[dict[str, list[str]]]:
    sections: list[dict[str, list[str]]] = []
    block: list[str] | None = None
    block_indent = 0
    for line in text.splitlines():
        content = line.split(" #")[0].strip()
        if not content or content.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if block is not None and indent > block_indent:
            block.append(_unquoted(content))
            continue
        block = None
        key, _, value = (part.strip() for part in content.partition(":"))
        if indent == 0:
            sections.append({})
        elif sections:
            values = sections[-1].setdefault(_unquoted(key), [])
            if value in {"|", "|-", ">"}:
                block, block_indent = values, indent
            elif value:
                values.append(_unquoted(value))
    return sections


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if quoted else text
