"""A box from a new disk to a ComfyUI that answers, and again: the machine boots as a VM does."""

import json
from pathlib import Path

from tests.support.container import CONTAINER_MARKS, ContainerBox
from tests.support.provisioned import (
    FIRST_TAG,
    answers,
    log,
    new_box,
    problem,
    script_is_through,
    states,
    steps,
    tag_in_force,
    used_box,
    wait_ready,
    wait_step,
)

pytestmark = CONTAINER_MARKS

# What installing leaves behind, and running does not touch: names, sizes, and when they were written.
_INSTALLED = (
    "find /mnt/comfyui/releases /opt/gpubox /usr/bin /usr/lib -xdev -type f -not -name '*.pyc' "
    "-printf '%p %s %T@\\n' | sort"
)


def test_a_new_disk_becomes_ready_and_the_second_boot_installs_nothing(tmp_path: Path) -> None:
    with new_box(tmp_path) as (box, _):
        box.boot()
        wait_ready(box)
        assert [code for code, state in states(box).items() if state != "done"] == [], log(box)
        box.wait_for(lambda: box.guest_attributes["boot"] == "ready")
        box.wait_for(lambda: json.loads(box.guest_attributes["progress"])["steps"][-1]["state"] == "done")
        assert box.guest_attributes.get("problem", "") == ""
        _no_minute_sees_more_than_ten_writes(box)
        _the_box_is_as_described(box)
        installed = box.run(_INSTALLED).stdout
        box.poweroff()
        box.wait_for_poweroff()

        box.cut_network()
        box.boot()
        box.wait_for(lambda: answers(box), 30)
        wait_ready(box, 30)
        assert box.run(_INSTALLED).stdout == installed
        assert [code for code, state in states(box).items() if state != "done"] == [], log(box)
        # ComfyUI is not started by the script but beside it.
        assert _started_us(box, "comfyui.service") < _started_us(box, "google-startup-scripts.service", "Exit")
        assert _restarts(box) == 0
        print(json.dumps({"second_boot": _figures(box)}))  # noqa: T201


def _no_minute_sees_more_than_ten_writes(box: ContainerBox) -> None:
    moments = [at for at, *_ in box.guest_writes]
    assert all(later - earlier >= 60 for earlier, later in zip(moments, moments[10:], strict=False))


def _the_box_is_as_described(box: ContainerBox) -> None:
    told = json.loads((box.root / "etc/gpubox/box.json").read_text())
    assert told["attributes"]["gpubox-box"] == "comfyui"
    assert "gpubox-bundle" not in told["attributes"]
    assert told["instance"]["machine-type"] == "n1-standard-4"
    nodes = box.run("ls -L /mnt/comfyui/base/custom_nodes").stdout.split()
    assert "gpubox_presence" in nodes
    who = box.run("ps -o user= -p $(systemctl show -P MainPID comfyui.service)").stdout.strip()
    assert who == "comfyui"
    listening = box.run("ss -Hltn sport = :8188").stdout
    assert "127.0.0.1:8188" in listening
    assert "0.0.0.0:8188" not in listening
    assert "security_level = strong" in box.run("cat /mnt/comfyui/base/user/__manager/config.ini").stdout
    for timer in ("gpubox-backstop.timer", "gpubox-run-limit.timer", "gpubox-space.timer"):
        assert box.run(["systemctl", "is-active", timer]).stdout.strip() == "active"
    assert "label gpubox" in box.run("echo label $(blkid -p -o value -s LABEL /dev/disk/by-id/google-*)").stdout


def _started_us(box: ContainerBox, unit: str, which: str = "Active") -> int:
    """When a unit became active, or its process ended, in microseconds of the machine's clock."""
    name = "ActiveEnterTimestampMonotonic" if which == "Active" else "ExecMainExitTimestampMonotonic"
    return int(box.run(["systemctl", "show", "-P", name, unit]).stdout)


def _restarts(box: ContainerBox) -> int:
    return int(box.run(["systemctl", "show", "-P", "NRestarts", "comfyui.service"]).stdout)


def _figures(box: ContainerBox) -> dict[str, float]:
    up = int(box.run(["systemctl", "show", "-P", "UserspaceTimestampMonotonic"]).stdout)
    return {
        "comfyui_process_s": (_started_us(box, "comfyui.service") - up) / 1e6,
        "script_s": sum(step.get("took_s", 0) for step in steps(box).values()),
    }


def test_another_tag_is_put_in_force_while_the_box_runs_and_a_broken_one_is_not(tmp_path: Path, finished: Path) -> None:
    with used_box(finished, tmp_path) as (box, repository):
        repository.release("v2.0")
        repository.release("v3.0", broken="exits")
        repository.release("v4.0", broken="requirements")
        box.boot()
        wait_ready(box)
        assert tag_in_force(box) == FIRST_TAG

        box.metadata["gpubox-comfyui-ref"] = "v2.0"
        box.wait_for(lambda: tag_in_force(box) == "v2.0" and answers(box), 90)
        box.wait_for(lambda: states(box)["start"] == "done" and problem(box) == "", 60)

        box.metadata["gpubox-comfyui-ref"] = "v4.0"
        box.wait_for(lambda: problem(box) == "update_failed", 90)
        box.wait_for(lambda: states(box)["start"] == "done", 60)
        assert tag_in_force(box) == "v2.0"
        assert answers(box)

        # The tag answers to nobody: not while it is asked for its flags, and it never gets in force.
        box.metadata["gpubox-comfyui-ref"] = "v3.0"
        box.wait_for(lambda: "v3.0" in json.dumps(_problem_text(box)), 90)
        box.wait_for(lambda: states(box)["start"] == "done", 60)
        assert tag_in_force(box) == "v2.0"
        assert answers(box)

        # Back to one that works, and all is well.
        box.metadata["gpubox-comfyui-ref"] = FIRST_TAG
        box.wait_for(lambda: tag_in_force(box) == FIRST_TAG and problem(box) == "" and answers(box), 90)


def _problem_text(box: ContainerBox) -> str:
    return box.run("cat /run/gpubox/problems/update", check=False).stdout


def test_an_update_that_falls_over_is_taken_back_and_stays_back(tmp_path: Path, finished: Path) -> None:
    with used_box(finished, tmp_path) as (box, repository):
        repository.release("v2.0", broken="falls-over")
        box.metadata["gpubox-comfyui-ref"] = "v2.0"
        box.boot()
        box.wait_for(lambda: script_is_through(box), 120)
        assert problem(box) == "update_failed", log(box)
        assert tag_in_force(box) == FIRST_TAG
        assert answers(box)
        box.wait_for(
            lambda: box.guest_attributes["problem"].startswith(
                "update_failed: v2.0: start: ComfyUI does not answer: out of luck"
            ),
            60,
        )
        box.poweroff()
        box.wait_for_poweroff()

        box.boot()
        wait_ready(box, 30)
        assert tag_in_force(box) == FIRST_TAG
        assert problem(box) == "update_failed"


def test_a_first_installation_that_cannot_be_made_is_reported_and_made_at_the_next_boot(tmp_path: Path) -> None:
    with new_box(tmp_path, metadata={"gpubox-comfyui-ref": "v9.9"}) as (box, repository):
        box.boot()
        box.wait_for(lambda: script_is_through(box), 120)
        assert problem(box) == "comfyui", log(box)
        box.wait_for(lambda: box.guest_attributes["boot"] == "failed")
        assert "gpubox-retry" in box.run("systemctl list-timers --all --no-pager").stdout
        box.power_cut()

        repository.release("v9.9")
        box.boot()
        wait_ready(box)
        assert problem(box) == ""


def test_a_damaged_bundle_leaves_the_one_of_the_last_boot_in_use(tmp_path: Path) -> None:
    with new_box(tmp_path) as (box, _):
        whole = dict(box.metadata)
        box.metadata["gpubox-bundle"] = whole["gpubox-bundle"][:-400]
        box.boot()
        box.wait_for(lambda: script_is_through(box), 60)
        assert box.guest_attributes["problem"].startswith("bundle: ")
        box.power_cut()

        box.metadata["gpubox-bundle"] = whole["gpubox-bundle"]
        box.boot()
        wait_step(box, "disk", "done")
        box.power_cut()

        box.metadata["gpubox-bundle-sha256"] = "0" * 64
        box.boot()
        wait_ready(box)
        assert problem(box) == "bundle"
