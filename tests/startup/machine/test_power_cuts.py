"""The power fails in the middle of a first boot: the next boot ends ready, and nothing half-made is used.

Each test cuts a first boot early, and the boot after it late, which makes twenty moments. What the data disk had not
written by then is lost, as on a VM whose host dies.
"""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.container import CONTAINER_MARKS, ContainerBox
from tests.support.provisioned import log, new_box, problem, states, tag_in_force, wait_ready

pytestmark = CONTAINER_MARKS

_LOOK_S = 0.005
_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Moment:
    """As soon as a path is there (`*` stands for anything), or a step is under way; and so many seconds later."""

    path: str = ""
    step: str = ""
    later_s: float = 0.0

    def wait(self, box: ContainerBox) -> None:
        """Wait for it; also ends where the boot is through without it."""
        deadline = time.monotonic() + _WITHIN_S
        while not self._is_now(box):
            assert time.monotonic() < deadline, f"{self} never came: {states(box)}"
            if states(box).get("models") == "done":
                return
            time.sleep(_LOOK_S)
        if self.later_s:
            time.sleep(self.later_s)

    def _is_now(self, box: ContainerBox) -> bool:
        if self.step:
            return states(box).get(self.step) == "now"
        return any(box.root.glob(self.path))


_RELEASE = "mnt/comfyui/releases/*"
_EARLY = [
    Moment("opt/gpubox/bundles/*.partial"),
    Moment(step="bundle"),
    Moment(step="disk"),
    Moment(step="disk", later_s=0.1),
    Moment(step="disk", later_s=0.3),
    Moment(step="disk", later_s=0.6),
    Moment("etc/systemd/system/mnt-comfyui.mount"),
    Moment("mnt/comfyui/releases"),
    Moment("opt/gpubox/uv-*.partial"),
    Moment("opt/gpubox/uv-*.partial", later_s=3),
]
_LATE = [
    Moment("opt/gpubox/agent/*", later_s=0.4),
    Moment("opt/gpubox/agent/*/complete"),
    Moment(step="entrance", later_s=0.3),
    Moment("mnt/comfyui/gpubox/installing"),
    Moment(f"{_RELEASE}/ComfyUI"),
    Moment(f"{_RELEASE}/venv/torch-installed"),
    Moment(f"{_RELEASE}/venv/requirements-begun", later_s=0.5),
    Moment(f"{_RELEASE}/venv/requirements-installed"),
    Moment(f"{_RELEASE}/complete"),
    Moment("mnt/comfyui/current"),
]

# Every file that a package brought is there, with the content that it came with.
_VERIFY = """
import base64, csv, hashlib, importlib.metadata, sys
wrong, right = [], 0
for distribution in importlib.metadata.distributions():
    for file in distribution.files or ():
        if file.hash is None:
            continue
        content = file.locate().read_bytes()
        found = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, content).digest()).rstrip(b"=").decode()
        right, wrong = right + (found == file.hash.value), wrong + [str(file)] * (found != file.hash.value)
print(right, wrong)
sys.exit(bool(wrong) or right < 100)
"""


@pytest.mark.parametrize(("early", "late"), [*zip(_EARLY, _LATE, strict=True)])
def test_the_boot_after_a_power_cut_ends_ready(early: Moment, late: Moment, tmp_path: Path) -> None:
    with new_box(tmp_path) as (box, _):
        finished = ""
        for moment in (early, late):
            box.boot()
            moment.wait(box)
            box.power_cut()
            assert box.disk is not None
            finished = finished or _finished_file_system(box.disk)
        box.boot()
        wait_ready(box)
        assert problem(box) == ""
        assert tag_in_force(box) == "v1.0"
        assert box.disk is not None
        assert not finished or _uuid(box.disk) == finished, log(box)
        for python in ("/mnt/comfyui/current/venv/bin/python", "/opt/gpubox/agent/current/bin/python"):
            box.run([python, "-c", _VERIFY])
        assert box.run("git -c safe.directory='*' -C /mnt/comfyui/current/ComfyUI fsck --no-progress").returncode == 0
        assert not list(box.root.glob("opt/gpubox/**/*.partial"))
        box.poweroff()
        box.wait_for_poweroff()

        # And what was put together so is what the next boot runs, without any help from outside.
        box.cut_network()
        box.boot()
        wait_ready(box, 60)


def _finished_file_system(disk: Path) -> str:
    """The UUID of a file system that is whole; empty where there is none yet."""
    sound = subprocess.run(["fsck.ext4", "-n", str(disk)], check=False, capture_output=True)
    # 4: errors, which is also said of a journal that is not replayed yet; the superblock has to be readable at all.
    return _uuid(disk) if sound.returncode in {0, 4} else ""


def _uuid(disk: Path) -> str:
    words = ["blkid", "--probe", "--output", "value", "--match-tag", "UUID", str(disk)]
    return subprocess.run(words, check=False, capture_output=True, text=True).stdout.strip()
