"""A box that is ready keeps something back: of its disks, of its memory, and of its processor."""

from pathlib import Path

from tests.support.container import CONTAINER_MARKS, ContainerBox
from tests.support.provisioned import answers, used_box, wait_ready

pytestmark = CONTAINER_MARKS


def _of_process(box: ContainerBox, unit: str, command: str) -> str:
    """What a command says of a unit's main process, whose id it takes at its end."""
    return box.run(f"{command}$(systemctl show -P MainPID {unit})").stdout.strip()


def _badness(box: ContainerBox, unit: str) -> int:
    return int(box.run(f"cat /proc/$(systemctl show -P MainPID {unit})/oom_score_adj").stdout)


def test_a_disk_that_fills_is_told_before_it_is_full_and_comfyui_goes_on(tmp_path: Path, finished: Path) -> None:
    with used_box(finished, tmp_path) as (box, _):
        box.boot()
        wait_ready(box)
        look = ["systemctl", "start", "gpubox-space.service"]
        free = "$(df --block-size=1 --output=avail /mnt/comfyui | tail -n 1)"
        box.run(f"fallocate -l $(({free} - 200000000)) /mnt/comfyui/base/output/pictures")
        box.run(look)
        box.wait_for(lambda: box.guest_attributes["problem"].startswith("disk_space: The data disk has "))
        assert answers(box)
        box.run("rm /mnt/comfyui/base/output/pictures")
        box.run(look)
        _the_journal_has_a_cap(box)
        _a_render_never_takes_the_box_with_it(box)
        _the_warm_up_stands_back(box)
        _byte_code_is_there(box)
        box.wait_for(lambda: box.guest_attributes["problem"] == "")


def _the_journal_has_a_cap(box: ContainerBox) -> None:
    assert "max 500.0M" in box.journal("systemd-journald.service")


def _a_render_never_takes_the_box_with_it(box: ContainerBox) -> None:
    """ComfyUI goes before anything else does, and its share ends below what there is."""
    assert _badness(box, "comfyui.service") >= 500
    # Below what a process begins with the container itself may not go, so there systemd's own word has to do.
    assert _badness(box, "gpubox-guard.service") <= _badness(box, "nginx.service") < _badness(box, "comfyui.service")
    assert int(box.run("systemctl show -P OOMScoreAdjust gpubox-guard.service").stdout) <= -900
    there = 1024 * int(box.run("sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo").stdout)
    assert int(box.run("systemctl show -P MemoryMax comfyui.service").stdout) < there * 0.96
    kept = int(box.run("systemctl show -P MemoryMin system.slice").stdout)
    assert kept >= int(box.run("systemctl show -P MemoryMin gpubox-guard.service").stdout) > 0


def _the_warm_up_stands_back(box: ContainerBox) -> None:
    for unit in ("gpubox-warmup.service", "gpubox-models.service"):
        assert _of_process(box, unit, "ionice -p ") == "idle"
        assert int(_of_process(box, unit, "ps -o ni= -p ")) >= 15


_WITHOUT_BYTE_CODE = """
import importlib.util, pathlib, sys
for folder in sys.argv[1:]:
    for source in pathlib.Path(folder).rglob("*.py"):
        if not pathlib.Path(importlib.util.cache_from_source(str(source))).exists():
            print(source)
"""


def _byte_code_is_there(box: ContainerBox) -> None:
    """What is installed is compiled, since ComfyUI's user could not write the result of doing it later."""
    folders = ["/mnt/comfyui/current/ComfyUI", "/mnt/comfyui/current/venv/lib", "/opt/gpubox/agent/current/lib"]
    python = "/mnt/comfyui/current/venv/bin/python"
    assert box.run([python, "-c", _WITHOUT_BYTE_CODE, *folders]).stdout.split() == []
