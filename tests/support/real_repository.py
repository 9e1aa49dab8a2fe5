"""A git repository with the real ComfyUI's files, for boxes that are to run it: only where somebody has them."""

import os
import shutil
import subprocess
from pathlib import Path

# What lies beside ComfyUI's own files once it was used.
_USED = {".git", "models", "input", "output", "temp", "user", "custom_nodes"}


def real_repository(source: Path, folder: Path, tag: str, torch: str = "") -> None:
    """Make one at `folder` from the files in `source`, with one tag.

    `torch` takes the place of that line in its requirements, e.g. "torch<2.15": the newest torch of the ordinary index
    does not always fit the newest torchaudio there.
    """

    def left_out(place: str, names: list[str]) -> set[str]:
        return {"__pycache__", *(_USED if Path(place) == source else ())} & set(names)

    shutil.copytree(source, folder, ignore=left_out)
    for name in ("models", "input", "output", "custom_nodes"):
        (folder / name).mkdir()
        (folder / name / ".gitkeep").touch()
    if torch:
        requirements = folder / "requirements.txt"
        lines = requirements.read_text(encoding="utf-8").splitlines()
        requirements.write_text(
            "\n".join(torch if line == "torch" else line for line in lines) + "\n", encoding="utf-8"
        )
    who = {f"GIT_{role}_{what}": "x@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = who | {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)}
    for words in ("init -q", "add -A -f", f"commit -q -m {tag}", f"tag {tag}", "update-server-info"):
        subprocess.run(["git", *words.split()], cwd=folder, env=environment, check=True, capture_output=True)  # noqa: S603, S607 - git
