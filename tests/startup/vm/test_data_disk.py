"""The data disk under a kernel that lets a mounted ext4 grow, with names of disks that udev makes."""

import subprocess
from pathlib import Path

from tests.support.guarded import STARTUP
from tests.support.vm import VM_MARKS, VirtualMachine, virtual_machine

pytestmark = VM_MARKS
GIB = 1024**3
NAME = "persistent-comfyui"
FSCK = "gpubox-fsck.service"
FILES = {f"/etc/systemd/system/{FSCK}": (STARTUP / "systemd" / FSCK).read_bytes()}
FOLDERS = {"/opt/gpubox/bundle": STARTUP}
_STEP = """\
for part in base json metadata tell problem progress units disk_inspect disk_format disk_mount disk; do
  . /opt/gpubox/bundle/lib/$part.sh
done
folders_ensure
disk_ready
"""
LEAST = 0.9  # of a disk is its file system's, which has tables of its own


def size(vm: VirtualMachine) -> int:
    return int(vm.run("findmnt --bytes -rno SIZE /mnt/comfyui").stdout)


def disk_step(vm: VirtualMachine) -> None:
    """What `provision` does with the data disk at each boot."""
    vm.run(["bash", "-c", _STEP])


def test_an_ext4_grows_with_its_disk_at_a_boot_and_while_it_is_mounted(tmp_path: Path) -> None:
    disk, theirs = tmp_path / "data.img", tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "model").write_bytes(b"weights" * 100_000)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", theirs, disk, "1G"], check=True, stdout=subprocess.DEVNULL)
    with disk.open("ab") as image:
        image.truncate(2 * GIB)
    with virtual_machine(tmp_path, disks={NAME: disk}, files=FILES, folders=FOLDERS) as vm:
        vm.boot()
        disk_step(vm)
        assert size(vm) > LEAST * 2 * GIB
        assert vm.run("findmnt -rno SOURCE /mnt/comfyui").stdout == vm.run("realpath /dev/disk/by-uuid/*").stdout
        vm.hardware("block_resize", device=NAME, size=3 * GIB)
        disk_step(vm)
        assert size(vm) > LEAST * 3 * GIB
        vm.run("systemctl poweroff")
        vm.wait_for_poweroff()
    subprocess.run(["e2fsck", "-f", "-n", disk], check=True, stdout=subprocess.DEVNULL)
    read = ["debugfs", "-R", "cat /model", disk]
    assert subprocess.run(read, check=True, capture_output=True).stdout == b"weights" * 100_000
