"""The model list as the box downloads it, in words and figures for the panel."""

from collections.abc import Sequence
from typing import Any

from manager import messages
from manager.application.report import ModelFile, Models


def as_json(models: Models) -> dict[str, Any]:
    """`{code, text, values, state, share, files: [{…, name, folder, state, share}]}`; a share is from 0 to 1."""
    return _whole(models).as_json() | {
        "state": models.state,
        "share": share_of(models.files),
        "files": [_file(file) for file in models.files],
    }


def share_of(files: Sequence[ModelFile]) -> float | None:
    """How much is there: by bytes where all sizes are known, else by files; None without any."""
    if not files:
        return None
    sizes = [file.size for file in files]
    if None in sizes or not any(sizes):
        return round(sum(file.state == "done" for file in files) / len(files), 3)
    return round(sum(_there(file) for file in files) / sum(size or 0 for size in sizes), 3)


def _whole(models: Models) -> messages.Message:
    files = models.files
    count = len(files)
    if models.state == "failed":
        failed = sum(file.state == "failed" for file in files)
        return messages.models("failed.one") if count == 1 else messages.models("failed", failed=failed, count=count)
    if models.state == "done":
        return messages.models("done.one") if count == 1 else messages.models("done", count=count)
    values = {
        "done": sum(file.state == "done" for file in files),
        "count": count,
        "fetched_size": sum(_there(file) for file in files),
    }
    if any(file.size is None for file in files):
        return messages.models("running.unmeasured", **values)
    return messages.models("running", **values, all_size=sum(file.size or 0 for file in files))


def _file(file: ModelFile) -> dict[str, Any]:
    share = None if not file.size or file.state == "waiting" else round(_there(file) / file.size, 3)
    return _said(file).as_json() | {"name": file.name, "folder": file.folder, "state": file.state, "share": share}


def _said(file: ModelFile) -> messages.Message:
    values: dict[str, Any] = {"fetched_size": _there(file), "all_size": file.size, "problem": file.problem}
    match file.state:
        case "running" if file.problem is not None:
            code = "running.again"
        case "running" if file.size is None:
            code = "running.unmeasured"
        case "done" if file.size is not None:
            code = "done.size"
        case "failed" if file.problem is not None:
            code = "failed.why"
        case _:
            code = file.state
    text = messages.model_file(code).text
    return messages.model_file(code, **{name: value for name, value in values.items() if f"{{{name}}}" in text})


def _there(file: ModelFile) -> int:
    """Bytes; never more than the whole."""
    there = file.bytes or 0
    return there if file.size is None else min(there, file.size)
