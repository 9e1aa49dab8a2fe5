"""Boxes that provision themselves from this repository's startup/ and a demo ComfyUI.

    with new_box(tmp_path) as (box, repository):
        repository.release("v2.0")
        box.boot()
        wait_ready(box)

A first boot takes fifteen seconds. Where it is not what a test is about, `used_box` makes one whose first boot is over.
"""

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from manager.bundle import pack
from tests.support.container import GIB, ContainerBox, container_box
from tests.support.demo_repository import DemoRepository
from tests.support.git_server import git_app

STARTUP = Path(__file__).parents[2] / "startup"
READY_WITHIN_S = 180.0
FIRST_TAG = "v1.0"
# The same for every box, because the address of ComfyUI's repository is part of what an installation is made from.
_GIT_PORT = 9418


@contextmanager
def new_box(folder: Path, **options: Any) -> Generator[tuple[ContainerBox, DemoRepository]]:
    """Make a box that is off and a repository with one release, FIRST_TAG. Options are those of `container_box`.

    `metadata` in them adds to what the manager would write.
    """
    repository = DemoRepository(folder / "git" / "ComfyUI", frontend=False)
    repository.release(FIRST_TAG)
    options.setdefault("disk_size", 4 * GIB)
    metadata = told() | options.pop("metadata", {})
    with container_box(folder, metadata=metadata, **options) as box:
        box.metadata["gpubox-comfyui-git"] = f"{box.serve(git_app(folder / 'git'), _GIT_PORT)}/ComfyUI"
        yield box, repository


def first_boot(folder: Path) -> Path:
    """Let a new box boot until it is ready, and switch it off; its disks lie in `folder` then, for `used_box`."""
    with new_box(folder) as (box, _):
        box.boot()
        wait_ready(box)
        box.poweroff()
        box.wait_for_poweroff()
        box.keep_boot_disk(folder / "boot")
    return folder


@contextmanager
def used_box(finished: Path, folder: Path, **options: Any) -> Generator[tuple[ContainerBox, DemoRepository]]:
    """As `new_box`, with copies of the disks of a first boot that ended ready (`first_boot`)."""
    disk = folder / "data.img"
    subprocess.run(["cp", "--sparse=always", str(finished / "data.img"), str(disk)], check=True)  # noqa: S603, S607 - Debian's
    with new_box(folder, disk=disk, boot_disk=finished / "boot", **options) as made:
        yield made


def told() -> dict[str, str]:
    """What the manager writes, as far as provisioning reads it."""
    bundle = pack(STARTUP)
    return {
        "startup-script": bundle.script,
        "gpubox-bundle": bundle.packed,
        "gpubox-bundle-sha256": bundle.sha256,
        "gpubox-box": "comfyui",
        "gpubox-idle-minutes": "30",
        "gpubox-guard-minutes": "35",
        "gpubox-max-run-hours": "12",
        "gpubox-entrance": "relay",
        "gpubox-comfyui-ref": FIRST_TAG,
        # The box's own, so that nothing is fetched from where interpreters come from.
        "gpubox-python": "3.11",
        "gpubox-without-gpu": "cpu",
    }


def progress(box: ContainerBox) -> dict[str, Any]:
    """What the box says of itself; empty before it says anything."""
    try:
        return json.loads((box.root / "run/gpubox/progress.json").read_text())
    except (OSError, ValueError):
        return {}


def steps(box: ContainerBox) -> dict[str, dict[str, Any]]:
    """Its steps by their code."""
    return {step["code"]: step for step in progress(box).get("steps", [])}


def states(box: ContainerBox) -> dict[str, str]:
    """The state of each step."""
    return {code: step["state"] for code, step in steps(box).items()}


def problem(box: ContainerBox) -> str:
    """The code of what is wrong; empty where nothing is."""
    found: dict[str, str] = progress(box).get("problem") or {}
    return found.get("code", "")


def wait_step(box: ContainerBox, code: str, *expected: str, timeout: float = READY_WITHIN_S) -> None:
    """Wait until a step of this boot is in one of these states."""
    box.wait_for(lambda: states(box)[code] in expected, timeout)


def wait_ready(box: ContainerBox, timeout: float = READY_WITHIN_S) -> None:
    """Wait until the script of this boot is through and ComfyUI answers; fails at once where the script gives up."""
    box.wait_for(lambda: script_is_through(box), timeout)
    assert states(box).get("start") == "done", log(box)
    assert answers(box), log(box)


def script_is_through(box: ContainerBox) -> bool:
    """Whether Google's runner has ended in this boot."""
    unit = "google-startup-scripts.service"
    return box.run(["systemctl", "is-active", unit], check=False).stdout.strip() in {"active", "failed"}


def answers(box: ContainerBox) -> bool:
    """Whether ComfyUI answers on the box."""
    return box.run("curl -fsS -o /dev/null http://127.0.0.1:8188/system_stats", check=False).returncode == 0


def log(box: ContainerBox) -> str:
    """The end of the script's log."""
    return box.run("tail -c 3000 /var/log/gpubox/provision.log", check=False).stdout


def tag_in_force(box: ContainerBox) -> str:
    """Which release /mnt/comfyui/current names."""
    return box.run("basename $(readlink /mnt/comfyui/current)", check=False).stdout.strip().rpartition("-")[0]
