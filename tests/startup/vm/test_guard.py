"""The guard's last steps, where nothing of the system is left to help it: only a real kernel can take them."""

import hashlib
import json
import re
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.guarded import COMFYUI, STARTUP, begin_comfyui, install_agent
from tests.support.vm import VM_MARKS, VirtualMachine, virtual_machine

pytestmark = VM_MARKS
MIB = 1024**2
GUARD = "gpubox-guard.service"
HOLD = "/run/gpubox/manager.json"
FIRMER = [f"systemctl poweroff{' --force' * times}" for times in range(3)]
# The guard as it is, but for its patience with systemd: five seconds for each step, of 135 in all.
IMPATIENT = """\
import runpy
from gpubox_agent.guard import ending
ending.STEPS = tuple((way, 5.0) for way, _ in ending.STEPS)
runpy.run_module("gpubox_agent.guard", run_name="__main__")
"""
_PYTHON = "/opt/gpubox/agent/current/bin/python"
FILES = {
    "/etc/gpubox/box.json": json.dumps({"attributes": {"gpubox-guard-minutes": "0.1", "gpubox-max-run-hours": "0"}}),
    "/usr/local/lib/comfyui.py": COMFYUI,
    "/usr/local/lib/impatient_guard.py": IMPATIENT,
    f"/etc/systemd/system/{GUARD}.d/impatient.conf": (
        f"[Service]\nExecStart=\nExecStart={_PYTHON} /usr/local/lib/impatient_guard.py\n"
    ),
}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_agent(tmp_path_factory.mktemp("agent") / "venv")


@contextmanager
def guarded(folder: Path, agent: Path, **disks: Path) -> Generator[VirtualMachine]:
    """Make a machine that is on, with a guard that is yet to begin, and a hold that keeps it from powering off."""
    unit = {f"/etc/systemd/system/{GUARD}": (STARTUP / "systemd" / GUARD).read_bytes()}
    parts = {"/opt/gpubox/bundle/agent": STARTUP / "agent", "/opt/gpubox/agent/current": agent}
    with virtual_machine(folder, disks=disks, files=FILES | unit, folders=parts) as vm:
        vm.boot()
        begin_comfyui(vm)
        hold(vm, 86400)
        yield vm


def hold(vm: VirtualMachine, seconds: float) -> None:
    """The manager's word; it holds until there is another."""
    vm.run(f"mkdir -p /run/gpubox && echo '{json.dumps({'at': 0, 'hold_s': seconds})}' >{HOLD}")


def ext4(image: Path) -> Path:
    subprocess.run(["mke2fs", "-q", "-t", "ext4", str(image), "256M"], check=True, stdout=subprocess.DEVNULL)
    return image


def begin_guard(vm: VirtualMachine) -> None:
    vm.run(["systemctl", "start", GUARD])


def kill_systemd(vm: VirtualMachine) -> None:
    """What a bug or bad memory does to it: it catches the signal, and hears nobody from then on."""
    vm.run("kill -SEGV 1")
    vm.wait_for(lambda: "Freezing execution" in vm.serial())


def is_clean(image: Path) -> bool:
    """Was it unmounted, or mounted read-only at last: nothing in its journal that is not in its place."""
    head = subprocess.run(["dumpe2fs", "-h", str(image)], check=True, capture_output=True, text=True).stdout
    return "needs_recovery" not in head and "Filesystem state:         clean" in head


def test_where_systemd_is_dead_and_a_disk_hangs_the_kernel_powers_off_and_the_data_disk_is_clean(
    tmp_path: Path, agent: Path
) -> None:
    data, slow = ext4(tmp_path / "data.img"), ext4(tmp_path / "slow.img")
    with guarded(tmp_path, agent, data=data, slow=slow) as vm:
        begin_guard(vm)
        # What keyboards may ask the kernel for. By Documentation/admin-guide/sysrq.rst of Linux it does not bear on
        # what root writes to the trigger.
        vm.run("sysctl -w kernel.sysrq=0")
        # In this order: the kernel takes them in the order in which they were mounted, and stops at one that hangs.
        for name in ("data", "slow"):
            vm.run(f"mkdir /mnt/{name} && mount /dev/disk/by-id/google-{name} /mnt/{name}")
        vm.run(f"head -c {8 * MIB} /dev/urandom >/mnt/data/model && sync /mnt/data/model")
        model = vm.run("sha256sum /mnt/data/model").stdout.split()[0]
        vm.run(["systemd-run", "--quiet", "sh", "-c", "exec >/mnt/data/log && echo a line && sleep infinity"])
        # Written over, which is a matter of memory at first, so that there is something to wait for.
        write = "dd if=/dev/zero of=/mnt/slow/file bs=1M count=8 conv=notrunc status=none"
        vm.run(f"{write} && sync")
        vm.let_hang("slow")
        vm.run(write)
        kill_systemd(vm)
        assert not is_clean(data)
        hold(vm, 0)
        vm.wait_for_poweroff()
    assert asked_of_systemd(vm) == FIRMER
    assert done_by_the_kernel(vm) == ["Emergency Sync", "Emergency Remount R/O", "Power Off"]
    assert is_clean(data)
    subprocess.run(["e2fsck", "-f", "-n", data], check=True, stdout=subprocess.DEVNULL)
    content = subprocess.run(["debugfs", "-R", "cat /model", data], check=True, capture_output=True).stdout
    assert hashlib.sha256(content).hexdigest() == model


def test_where_systemd_is_dead_its_command_powers_off_without_it(tmp_path: Path, agent: Path) -> None:
    with guarded(tmp_path, agent) as vm:
        begin_guard(vm)
        kill_systemd(vm)
        hold(vm, 0)
        vm.wait_for_poweroff()
    assert asked_of_systemd(vm) == FIRMER
    assert done_by_the_kernel(vm) == []


def test_where_the_disk_hangs_that_its_notes_and_systemctl_are_on_the_kernel_powers_off(
    tmp_path: Path, agent: Path
) -> None:
    boot = ext4(tmp_path / "boot.img")
    with guarded(tmp_path, agent, boot=boot) as vm:
        # Of a boot disk, which is in memory here, what the guard needs for its end.
        vm.run("mkdir /mnt/boot && mount /dev/disk/by-id/google-boot /mnt/boot && cp /usr/bin/systemctl /mnt/boot")
        vm.run("mkdir -p /mnt/boot/guard /var/lib/gpubox/guard && mount --bind /mnt/boot/guard /var/lib/gpubox/guard")
        vm.run("mount --bind /mnt/boot/systemctl /usr/bin/systemctl")
        begin_guard(vm)
        vm.run("sync && echo 3 >/proc/sys/vm/drop_caches")
        vm.let_hang("boot")
        hold(vm, 0)
        vm.wait_for_poweroff()
    assert done_by_the_kernel(vm)[-1] == "Power Off"


def asked_of_systemd(vm: VirtualMachine) -> list[str]:
    """As the guard noted it on the console."""
    return re.findall(r"gpubox-guard: (systemctl poweroff(?: --force)*)", vm.serial())


def done_by_the_kernel(vm: VirtualMachine) -> list[str]:
    """In its own words, which it writes whole, if in the middle of somebody else's line."""
    return re.findall(r"sysrq: (.*)$", vm.serial(), re.MULTILINE)
