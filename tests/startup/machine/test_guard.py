"""The guard in a machine that boots like the VM: real systemd, real terminals, and a real end."""

import json
from pathlib import Path

import pytest

from tests.support.container import CONTAINER_MARKS, ContainerBox
from tests.support.guarded import (
    begin_comfyui,
    begin_guard,
    comfyui_says,
    guarded_box,
    install_agent,
    report,
    watches_for,
)

pytestmark = CONTAINER_MARKS
# Twelve seconds of idle time, of which the last four are announced.
TRIAL = 0.2


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_agent(tmp_path_factory.mktemp("agent") / "venv")


def states(box: ContainerBox) -> list[str]:
    """What the guest attribute said, in this order."""
    return [json.loads(value)["state"] for _, _, key, value in box.guest_writes if key == "guard" and value]


def test_without_anybody_and_without_a_manager_the_box_powers_itself_off(tmp_path: Path, agent: Path) -> None:
    with guarded_box(tmp_path, agent, minutes=TRIAL) as box:
        box.boot()
        begin_comfyui(box)
        begin_guard(box)
        memory = box.run("grep -h VmRSS /proc/$(systemctl show -P MainPID gpubox-guard)/status").stdout.split()
        assert int(memory[1]) < 60 * 1024
        box.wait_for(lambda: report(box)["state"] == "announced", 30)
        assert report(box)["reason"] == "idle"
        box.wait_for_poweroff(60)
        assert states(box)[-1] == "stopping"
        assert "gpubox-guard: this machine powers off in" in box.serial()
        assert "gpubox-guard: powering off: nobody and nothing was at work" in box.serial()
        box.boot()
        begin_guard(box)
        assert "the guard ended an earlier boot: powering off" in box.journal("gpubox-guard.service")


def test_a_render_that_progresses_keeps_it_on_and_a_person_alone_does_too(tmp_path: Path, agent: Path) -> None:
    with guarded_box(tmp_path, agent, minutes=TRIAL) as box:
        box.boot()
        begin_comfyui(box, queue=1, progress="moves")
        begin_guard(box)
        watches_for(box, 20)
        assert report(box)["state"] == "watching"
        comfyui_says(box, person="moves")
        watches_for(box, 20)
        assert report(box)["state"] == "watching"
        assert report(box)["signs"][0]["sign"] == "person"


def test_who_types_keeps_it_on_and_a_session_that_is_silent_does_not(tmp_path: Path, agent: Path) -> None:
    with guarded_box(tmp_path, agent, minutes=TRIAL) as box:
        box.boot()
        begin_comfyui(box)
        begin_guard(box)
        # A terminal with somebody who types a line every two seconds: more often than Linux moves the time of access.
        types = "(for i in $(seq 13); do echo; sleep 2; done; sleep 300) | script -qfc cat /dev/null"
        box.run(["systemd-run", "--quiet", "--unit=session", "sh", "-c", types])
        watches_for(box, 24)
        assert {"login", "start"} <= {each["sign"] for each in report(box)["signs"]}
        box.wait_for_poweroff(60)


def test_a_hold_outlives_its_manager_and_a_guard_that_is_killed(tmp_path: Path, agent: Path) -> None:
    with guarded_box(tmp_path, agent, minutes=TRIAL) as box:
        box.boot()
        begin_comfyui(box)
        now = float(box.run("cut -d' ' -f1 /proc/uptime").stdout)
        statement = {"at": now, "keep_alive_age_s": None, "hold_s": 40, "stopping": False}
        box.run(["sh", "-c", f"mkdir -p /run/gpubox && echo '{json.dumps(statement)}' >/run/gpubox/manager.json"])
        begin_guard(box)
        watches_for(box, 16)
        box.run("kill -KILL $(systemctl show -P MainPID gpubox-guard.service)")
        watches_for(box, 6)
        assert report(box)["signs"][0]["sign"] == "hold"
        box.wait_for_poweroff(60)


def test_a_poweroff_that_hangs_is_followed_by_a_firmer_one(tmp_path: Path, agent: Path) -> None:
    with guarded_box(tmp_path, agent, minutes=TRIAL) as box:
        box.boot()
        begin_comfyui(box)
        hangs = ["--property=TimeoutStopSec=infinity", "--property=ExecStop=/bin/sleep infinity"]
        box.run(["systemd-run", "--quiet", "--unit=hangs", *hangs, "sleep", "infinity"])
        begin_guard(box)
        box.wait_for_poweroff(180)
        assert "gpubox-guard: systemctl poweroff --force" in box.serial()
