"""The folders below the base directory, and how no name leaves them."""

from pathlib import Path


class Folders:
    """ComfyUI's input, output, temp and user folders; all but the last come into being when first written to."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.input = base / "input"
        self.output = base / "output"
        self.temp = base / "temp"
        self.user = base / "user" / "default"

    def prepare(self) -> None:
        """Make what the page looks for at its start, so that its console shows no error for an absent file."""
        for name in ("workflows", "subgraphs"):
            (self.user / name).mkdir(parents=True, exist_ok=True)
        for name, content in {"user.css": "", "comfy.templates.json": "[]"}.items():
            file = self.user / name
            if not file.exists():
                file.write_text(content, encoding="utf-8")

    def of_type(self, kind: str) -> Path | None:
        """Give the folder that a `type` of ComfyUI's API names, None for an unknown one."""
        return {"input": self.input, "output": self.output, "temp": self.temp}.get(kind)


def inside(root: Path, *parts: str) -> Path | None:
    """Join `parts` to `root`; None where the result would lie outside of it or cannot be a path."""
    if any("\0" in part for part in parts):
        return None
    path = root.joinpath(*parts).resolve()
    return path if path.is_relative_to(root.resolve()) else None


def files_in(root: Path, *, recurse: bool = False) -> list[Path]:
    """List the files in `root` in a stable order, without hidden ones; an absent folder is empty."""
    if not root.is_dir():
        return []
    found = root.rglob("*") if recurse else root.iterdir()
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def annotated(name: str) -> tuple[str, str | None]:
    """Split `picture.png [output]` into its name and its type, as ComfyUI writes the two in one value."""
    for kind in ("input", "output", "temp"):
        if name.endswith(f" [{kind}]"):
            return name.removesuffix(f" [{kind}]"), kind
    return name, None
