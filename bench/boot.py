"""What a boot costs: on a new disk, and on a used one; beside a script that runs apt and pip at every boot.

    python bench/boot.py [--rounds 3] [--comfyui FOLDER [--torch "torch<2.15"]]

Prints JSON. Boots containers with systemd as tests/support/container.py does, so it needs root, Debian's packages and
the package registries. ComfyUI is the demo one unless a FOLDER holds the real one; both ways install the same, torch
from the ordinary index included.
Seconds are counted from the moment systemd began, where nothing else is said; `received_mb` (2^20 bytes) is all that
came over the box's network. The second boots of our way have no internet. Medians of the rounds.

Goals: on a used disk the script's own work takes less than 5 s, ComfyUI's process starts within 2 s of the system
being up, and before a tenth of the time that the other way needs. That is meant for the real ComfyUI: the demo one asks
little of pip, and then the system's own boot, which both have, is most of our time. `process_after_up_s` leaves it out.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from manager.adapters.embedded.machines.container.prerequisites import missing  # noqa: E402 - of this checkout
from tests.support.boxes import ContainerBox  # noqa: E402
from tests.support.container import GIB, container_box  # noqa: E402
from tests.support.demo_repository import DemoRepository  # noqa: E402
from tests.support.git_server import git_app  # noqa: E402
from tests.support.provisioned import FIRST_TAG, steps, told  # noqa: E402
from tests.support.real_repository import real_repository  # noqa: E402

MIB = 2**20
SCRIPT = "google-startup-scripts.service"
WITHIN_S = 1800.0
GOALS = {"script_s": 5.0, "process_s": 2.0, "times_faster": 10.0}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--comfyui", type=Path, help="a folder with ComfyUI's files")
    options.add_argument("--torch", default="", help="which torch, instead of the newest of the ordinary index")
    chosen = options.parse_args()
    if why := missing():
        raise SystemExit(why)
    ours = measured(chosen, our_metadata, our_first, offline=True)
    theirs = measured(chosen, their_metadata, lambda _box: {}, offline=False)
    mine, other = ours["used_disk"], theirs["used_disk"]
    keys = ("process_s", "process_after_up_s", "answers_s", "script_s")
    ratio = {key: round(other[key] / max(mine[key], 0.01), 1) for key in keys}
    met = mine["script_s"] < GOALS["script_s"] and mine["process_after_up_s"] <= GOALS["process_s"]
    met = met and ratio["process_s"] >= GOALS["times_faster"]
    print(json.dumps({"ours": ours, "apt_and_pip": theirs, "times_faster": ratio, "goals": GOALS, "ok": met}, indent=2))


def measured(
    chosen: argparse.Namespace,
    metadata: Callable[[str, str], dict[str, str]],
    first: Callable[[ContainerBox], dict[str, Any]],
    *,
    offline: bool,
) -> dict[str, Any]:
    """A boot on a new disk, and some on the same disk."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        if chosen.comfyui is None:
            DemoRepository(folder / "git" / "ComfyUI", frontend=False).release(FIRST_TAG)
        else:
            real_repository(chosen.comfyui, folder / "git" / "ComfyUI", FIRST_TAG, chosen.torch)
        box = stack.enter_context(container_box(folder, disk_size=40 * GIB))
        box.metadata.update(metadata(f"{box.serve(git_app(folder / 'git'))}/ComfyUI", box.serve(Starlette())))
        box.boot()
        new = first(box) | booted(box, 0)
        new["data_disk_mb"] = round(int(box.run("df -B1 --output=used /mnt/comfyui | tail -n 1").stdout) / MIB)
        rounds: list[dict[str, Any]] = []
        for _ in range(chosen.rounds):
            box.poweroff()
            box.wait_for_poweroff()
            if offline:
                box.cut_network()
            box.boot()
            rounds.append(booted(box, received(box)))
        used = {key: round(statistics.median(each[key] for each in rounds), 2) for key in rounds[0]}
        chain = critical_chain(box)
        return {"new_disk": new, "used_disk": used, "critical_chain": chain}


def booted(box: ContainerBox, earlier: int) -> dict[str, Any]:
    """Wait until the script is through and ComfyUI answers; when each thing happened. `earlier`: other boots' bytes."""
    box.wait_for(lambda: failed(box) or (listening(box) and answers(box)), WITHIN_S)
    answered = uptime_s(box)
    box.wait_for(lambda: shown(box, "ActiveState", SCRIPT) in {"active", "failed"}, WITHIN_S)
    assert not failed(box), box.serial()[-3000:]
    began = micros(box, "UserspaceTimestampMonotonic")
    process = int(box.run(f"cut -d ' ' -f 22 /proc/{listening(box)}/stat").stdout) / ticks(box)
    up = micros(box, "ActiveEnterTimestampMonotonic", "basic.target")
    ended = micros(box, "ExecMainExitTimestampMonotonic", SCRIPT)
    return {
        # Of ours without waiting for ComfyUI's first answer, which theirs does not do.
        "script_s": round(ended - micros(box, "ExecMainStartTimestampMonotonic", SCRIPT) - waited_s(box), 2),
        "script_ended_s": round(ended - began, 2),
        "up_s": round(up - began, 2),
        "process_s": round(process - began, 2),
        "process_after_up_s": round(process - up, 2),
        "answers_s": round(answered - began, 2),
        "received_mb": round((received(box) - earlier) / MIB, 1),
    }


def failed(box: ContainerBox) -> bool:
    """Whether the script has given up, as Google's runner says."""
    return "startup-script exit status 1" in box.serial()


def waited_s(box: ContainerBox) -> float:
    return float(steps(box).get("start", {}).get("took_s", 0))


def our_first(box: ContainerBox) -> dict[str, Any]:
    """Each step's seconds and bytes, read while they pass."""
    spent: dict[str, int] = {}
    at, before, step = time.monotonic(), received(box), "bundle"
    while shown(box, "ActiveState", SCRIPT) != "active":
        assert time.monotonic() < at + WITHIN_S, box.serial()[-3000:]
        now = received(box)
        spent[step] = spent.get(step, 0) + now - before
        before = now
        step = next((code for code, each in steps(box).items() if each["state"] == "now"), step)
        time.sleep(0.02)
    return {
        "steps": {
            code: {"s": each.get("took_s"), "received_mb": round(spent.get(code, 0) / MIB, 1)}
            for code, each in steps(box).items()
        }
    }


def our_metadata(repository: str, torch_index: str) -> dict[str, str]:
    """An index of torch's builds that has none, so that the ordinary one is asked."""
    return told() | {"gpubox-comfyui-git": repository, "gpubox-torch-index": torch_index}


def their_metadata(repository: str, _torch_index: str) -> dict[str, str]:
    script = (ROOT / "bench" / "boot_apt_and_pip.sh").read_text(encoding="utf-8")
    return {"startup-script": script, "comfyui-git": repository, "comfyui-ref": FIRST_TAG}


def critical_chain(box: ContainerBox) -> list[str]:
    """What systemd-analyze says of the way to ComfyUI, of the last boot."""
    box.wait_for(lambda: box.run("systemctl is-system-running", check=False).stdout.strip() in {"running", "degraded"})
    said = box.run("systemd-analyze critical-chain comfyui.service", check=False)
    return [line for line in (said.stdout or said.stderr).splitlines() if " @" in line]


def listening(box: ContainerBox) -> str:
    """The process that serves ComfyUI's port; empty while there is none."""
    said = box.run("ss -Hltnp sport = :8188", check=False).stdout
    return said.partition("pid=")[2].partition(",")[0]


def answers(box: ContainerBox) -> bool:
    return box.run("curl -fsS -o /dev/null http://127.0.0.1:8188/system_stats", check=False).returncode == 0


def shown(box: ContainerBox, name: str, unit: str = "") -> str:
    return box.run(["systemctl", "show", "-P", name, *([unit] if unit else [])], check=False).stdout.strip()


def micros(box: ContainerBox, name: str, unit: str = "") -> float:
    """One of systemd's moments, in seconds of CLOCK_MONOTONIC."""
    return int(shown(box, name, unit)) / 1e6


def uptime_s(box: ContainerBox) -> float:
    return float(box.run("cut -d ' ' -f 1 /proc/uptime").stdout)


def ticks(box: ContainerBox) -> int:
    return int(box.run("getconf CLK_TCK").stdout)


def received(box: ContainerBox) -> int:
    """Bytes that came over the box's network, loopback left out. Its network outlives a boot."""
    lines = (box.root.parent / "net" / "dev").read_text().splitlines()[2:]
    return sum(int(line.split(":")[1].split()[0]) for line in lines if not line.strip().startswith("lo:"))


if __name__ == "__main__":
    main()
