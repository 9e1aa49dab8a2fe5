"""Which program a process machine runs, and with which arguments."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# ComfyUI's own port, and those that a machine takes where somebody else listens there already.
PORTS = range(8188, 8208)


@dataclass(frozen=True, slots=True)
class ComfyUi:
    """What the machines run: the demo ComfyUI, or the real one of `folder` with `python` and further arguments.

    `presence_nodes` is a folder of custom nodes that is added through an extra-model-paths file, so that nothing
    has to be written into ComfyUI's own folder.
    """

    folder: Path | None = None
    python: str | None = None
    arguments: Sequence[str] = ()
    presence_nodes: Path | None = None

    def command(self, address: str, port: int, disk: Path, paths_file: Path) -> list[str]:
        """Answer the command line for a machine at `address` and `port` whose data is on `disk`."""
        listen = ["--listen", address, "--port", str(port)]
        paths = ["--extra-model-paths-config", str(paths_file)]
        if self.folder is None:
            demo = [sys.executable, "-m", "manager.adapters.embedded.demo_comfyui"]
            return [*demo, *listen, "--base-directory", str(disk), *paths]
        folder = self.folder.absolute()  # it runs in that folder, where relative names mean something else
        return [self._python(folder), str(folder / "main.py"), *listen, *paths, *self.arguments]

    @property
    def working_directory(self) -> Path | None:
        """Answer the folder to run in: ComfyUI's own, or for the demo the caller's."""
        return self.folder

    def _python(self, folder: Path) -> str:
        if self.python:
            return str(Path(self.python).absolute()) if "/" in self.python else self.python
        for venv in ("venv", ".venv"):
            if (found := folder / venv / "bin" / "python").exists():
                return str(found)
        return "python3"

    def paths(self) -> str:
        """Answer the extra-model-paths file (YAML, of which JSON strings are a part)."""
        if self.presence_nodes is None:
            return "{}\n"
        # ComfyUI joins the entries with base_path; single quotes are YAML's only escape in single quotes.
        quoted = str(self.presence_nodes.resolve()).replace("'", "''")
        parent = str(self.presence_nodes.resolve().parent).replace("'", "''")
        return f"gpubox:\n  base_path: '{parent}'\n  custom_nodes: '{quoted}'\n"
