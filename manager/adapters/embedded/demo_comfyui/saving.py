"""Pictures as files, named and annotated as ComfyUI does."""

import itertools
import json
from pathlib import PurePosixPath

from PIL.Image import Image
from PIL.PngImagePlugin import PngInfo

from .folders import Folders, inside
from .node_types import Json


def save_pictures(folders: Folders, kind: str, prefix: str, images: list[Image], about: Json) -> list[Json]:
    """Write `prefix_00001_.png` and so on; a prefix may name a folder below.

    Each file carries `about`, the graph that made it, so that dropping it on the page brings the graph back.

    Returns:
        `{filename, subfolder, type}` for each, as the page asks `/view` for them.
    """
    wanted = PurePosixPath(prefix or "ComfyUI")
    root = folders.of_type(kind) or folders.output
    folder = inside(root, str(wanted.parent))
    if folder is None:
        message = f"Saving outside of the {kind} folder is not allowed: {prefix}"
        raise ValueError(message)
    folder.mkdir(parents=True, exist_ok=True)
    text = PngInfo()
    for name, value in about.items():
        text.add_text(name, json.dumps(value))
    saved: list[Json] = []
    subfolder = "" if folder == root.resolve() else folder.relative_to(root.resolve()).as_posix()
    for image in images:
        numbers = (f"{wanted.name}_{number:05}_.png" for number in itertools.count(1))
        name = next(name for name in numbers if not (folder / name).exists())
        image.save(folder / name, pnginfo=text, compress_level=4)
        saved.append({"filename": name, "subfolder": subfolder, "type": kind})
    return saved
