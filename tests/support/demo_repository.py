"""A git repository that looks like ComfyUI's and runs the demo one: for provisioning without the internet's git hosts.

repository = DemoRepository(tmp_path / "git" / "ComfyUI")
repository.release("v1")
repository.release("v2", broken="exits")
url = box.serve(git_app(tmp_path / "git")) + "/ComfyUI"
"""

import os
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from manager.adapters.embedded import demo_comfyui

_PACKAGE = "manager.adapters.embedded.demo_comfyui"
_PLAIN = ("starlette", "uvicorn", "httptools", "websockets", "pillow")
_FRONTEND = "comfyui-frontend-package"
_MAIN = f"""\
import sys

if __name__ == "__main__":
    from {_PACKAGE}.__main__ import main

    main(sys.argv[1:])
"""
# An author of its own, whatever this computer's git says.
_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Demo"), ("EMAIL", "demo@example.com"), ("DATE", "2026-01-01T00:00:00Z"))
}

Broken = Literal["exits", "never-answers", "requirements", "imports", "falls-over"]


class DemoRepository:
    """A repository at `folder`, with one tag for each release."""

    def __init__(self, folder: Path, *, frontend: bool = True) -> None:
        """Make an empty one; `frontend` puts ComfyUI's official page among the requirements (about 20 MB)."""
        self.folder = folder
        self._requirements = [*_PLAIN, *([_FRONTEND] if frontend else [])]
        folder.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=master")
        self._write_demo()

    def release(self, tag: str, *, broken: Broken | None = None) -> str:
        """Tag a release and answer its commit.

        exits: main.py ends with status 1. never-answers: it runs and listens nowhere. requirements: one of them does
        not exist. imports: one of them is missing in the list, so that main.py fails to import it. falls-over: it
        prints its help, and ends with status 1 when it is to serve.
        """
        main = {
            "exits": 'import sys\n\nsys.exit("this release is broken")\n',
            "never-answers": "import time\n\nwhile True:\n    time.sleep(60)\n",
            "imports": "import a_module_that_nobody_has\n",
            "falls-over": _MAIN.replace(
                "import sys\n", 'import sys\n\nif "--help" not in sys.argv:\n    sys.exit("out of luck")\n'
            ),
        }.get(broken or "", _MAIN)
        requirements = [f"{name}=={version(name)}" for name in self._requirements]
        if broken == "requirements":
            requirements.append("gpubox-tests-no-such-package==1.0")
        self._write("main.py", main)
        self._write("requirements.txt", "\n".join(requirements) + "\n")
        self._write("comfyui_version.py", f'__version__ = "{tag.removeprefix("v")}"\n')
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", tag)
        self._git("tag", tag)
        self._git("update-server-info")
        return self._git("rev-parse", "HEAD")

    def _write_demo(self) -> None:
        """The demo's package under its own name, in packages that are empty otherwise."""
        package = self.folder / _PACKAGE.replace(".", "/")
        shutil.copytree(
            Path(demo_comfyui.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
        for parent in list(package.relative_to(self.folder).parents)[:-1]:
            self._write(f"{parent}/__init__.py", "")
        self._write(".gitignore", "__pycache__/\n")
        for name in ("custom_nodes", "models/checkpoints"):
            self._write(f"{name}/.gitkeep", "")

    def _write(self, name: str, content: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def _git(self, *arguments: str) -> str:
        kept = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.folder)}
        done = subprocess.run(  # noqa: S603 - git, with words of this file
            ["git", *arguments],  # noqa: S607 - from the PATH
            cwd=self.folder,
            env=kept | _AUTHOR,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()
