"""The model list: which file, from where, into which folder. A wrong entry is said clearly and stops no other."""

import json
import re
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote, urlsplit

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_ENTRIES = 500
_MOST_NAME_BYTES = 200
_MOST_FOLDERS = 8
# Endings of files that ComfyUI loads: an address that ends so names its file.
_MODEL = re.compile(r"\.(safetensors|sft|ckpt|pt|pth|bin|gguf|onnx|pkl|vae|yaml|json|zip)$", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """One file. `name` is None where only the server knows it. `folder` is relative to models/."""

    url: str
    sha256: str
    folder: str
    name: str | None

    @property
    def title(self) -> str:
        """What to call it in a report. Never the address: it may hold somebody's token."""
        return self.name or last_part(self.url) or f"{self.sha256[:16]}.bin"


@dataclass(frozen=True)
class Wrong:
    """An entry that cannot be fetched, and the sentence that says why."""

    title: str
    folder: str
    problem: str


class WrongEntry(Exception):
    """What is wrong with an entry, as a sentence."""


def wanted_files(text: str) -> list[Wanted | Wrong]:
    """The entries of `gpubox-models`, in their order; a list that is none gives one Wrong."""
    if not text.strip():
        return []
    try:
        body: object = json.loads(text)
    except (ValueError, RecursionError):
        return [Wrong("gpubox-models", "", "The model list is not valid JSON.")]
    if not isinstance(body, list):
        return [Wrong("gpubox-models", "", "The model list is not a JSON list.")]
    entries = cast("list[object]", body)
    if len(entries) > _MOST_ENTRIES:
        return [Wrong("gpubox-models", "", f"The model list has {len(entries)} entries; {_MOST_ENTRIES} are allowed.")]
    read = [_read(entry, number) for number, entry in enumerate(entries, 1)]
    return _without_doubles(read)


def _read(entry: object, number: int) -> Wanted | Wrong:
    known = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    try:
        return _wanted(known)
    except WrongEntry as wrong:
        name, folder = known.get("name"), known.get("folder")
        title = name if isinstance(name, str) and is_safe_name(name) else f"entry {number}"
        return Wrong(title, folder if isinstance(folder, str) and is_safe_folder(folder) else "", str(wrong))


def _wanted(entry: dict[str, Any]) -> Wanted:
    if not entry:
        raise WrongEntry('An entry is an object such as {"url": "https://…", "sha256": "…", "folder": "checkpoints"}.')
    unknown = sorted(set(entry) - {"url", "sha256", "folder", "name"})
    if unknown:
        raise WrongEntry(f"The entry has {unknown[0][:40]!r}; known are url, sha256, folder and name.")
    sha256 = entry.get("sha256")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256.strip().lower()):
        raise WrongEntry("sha256 is not 64 hexadecimal digits; `sha256sum FILE` prints them.")
    folder = entry.get("folder")
    if not isinstance(folder, str) or not is_safe_folder(folder):
        raise WrongEntry("folder is not the name of a folder inside models/, such as checkpoints or loras/sdxl.")
    name = entry.get("name")
    if name is not None and (not isinstance(name, str) or not is_safe_name(name)):
        raise WrongEntry("name is not a plain file name, such as model.safetensors.")
    url = _url(entry.get("url"))
    if name is None and (found := last_part(url)) is not None and _MODEL.search(found):
        name = found
    return Wanted(url, sha256.strip().lower(), folder, name)


def _url(value: object) -> str:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        port_is_fine = parts is not None and (parts.port is None or parts.port > 0)
    except ValueError:
        parts, port_is_fine = None, False
    if parts is None or not port_is_fine or parts.scheme not in ("http", "https", "gs") or not parts.hostname:
        raise WrongEntry("url is not an address at https://, http:// or gs://.")
    if "@" in parts.netloc:
        raise WrongEntry("url holds a user name or a password; metadata is no place for it.")
    if parts.scheme == "gs" and len(parts.path) <= 1:
        raise WrongEntry("url names a bucket and no object; gs://BUCKET/OBJECT does.")
    return cast("str", value)


def _without_doubles(entries: list[Wanted | Wrong]) -> list[Wanted | Wrong]:
    """Two entries for one place would overwrite each other for ever; the same entry twice is one."""
    taken: dict[tuple[str, str], str] = {}
    kept: list[Wanted | Wrong] = []
    for entry in entries:
        if isinstance(entry, Wanted):
            place = (entry.folder, entry.name or entry.sha256)
            before = taken.setdefault(place, entry.sha256)
            if before != entry.sha256:
                kept.append(Wrong(entry.title, entry.folder, "Another entry names the same file with another sha256."))
                continue
            if any(isinstance(each, Wanted) and (each.folder, each.name or each.sha256) == place for each in kept):
                continue
        kept.append(entry)
    return kept


def last_part(url: str) -> str | None:
    """The file's name in an address; None where there is none that could be used."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    return name if is_safe_name(name) else None


def is_safe_name(name: str) -> bool:
    """One file name: no path, nothing hidden, nothing that a terminal would take for a command."""
    return (
        0 < len(name.encode("utf-8", "surrogatepass")) <= _MOST_NAME_BYTES
        and name.isprintable()
        and not name.startswith((".", "-", " "))
        and not name.endswith((" ", "."))
        and not any(character in name for character in '/\\:*?"<>|')
    )


def is_safe_folder(folder: str) -> bool:
    """Names with slashes between them: relative, and without a way out."""
    parts = folder.split("/")
    return len(parts) <= _MOST_FOLDERS and all(is_safe_name(part) for part in parts)
