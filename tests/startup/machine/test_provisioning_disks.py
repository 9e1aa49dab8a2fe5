"""Whatever is attached as the data disk: nothing is lost, and each has its own message."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.container import CONTAINER_MARKS, GIB, ContainerBox
from tests.support.provisioned import log, new_box, problem, states, wait_ready, wait_step

pytestmark = CONTAINER_MARKS

_MIB = 1 << 20


def _image(path: Path, size: int = GIB // 4) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def _tool(*words: str | Path, said: bytes = b"", ends: int = 0) -> None:
    if shutil.which(str(words[0])) is None:
        pytest.skip(f"{words[0]} is not installed")
    done = subprocess.run(words, check=False, input=said, capture_output=True)
    assert done.returncode == ends, done.stdout + done.stderr


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _luks(disk: Path) -> None:
    quick = ("--type", "luks2", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000")
    _tool("cryptsetup", "luksFormat", "--batch-mode", *quick, disk, "-", said=b"secret")


def _raw_data(disk: Path) -> None:
    with disk.open("r+b") as file:
        file.seek(100 * _MIB)
        file.write(b"somebody's data" * 1_000_000)


def _partitions(disk: Path) -> None:
    """A partition table as DOS made it: one entry, and the mark at the end of the sector."""
    with disk.open("r+b") as file:
        file.seek(446)
        file.write(bytes.fromhex("00200300 83ffffff 00080000 00f81f00"))
        file.seek(510)
        file.write(b"\x55\xaa")


def _swap(disk: Path) -> None:
    _tool("mkswap", disk)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_luks, "disk_locked"),
        (_raw_data, "disk_foreign"),
        (_partitions, "disk_foreign"),
        (_swap, "disk_foreign"),
    ],
)
def test_a_disk_that_is_not_understood_is_left_as_it_is(
    make: Callable[[Path], None], code: str, tmp_path: Path
) -> None:
    disk = _image(tmp_path / "theirs.img")
    make(disk)
    before = _digest(disk)
    with new_box(tmp_path, disk=disk) as (box, _):
        box.boot()
        wait_step(box, "disk", "failed")
        assert problem(box) == code, log(box)
        box.wait_for(lambda: box.guest_attributes["problem"].startswith(f"{code}: "))
        assert "/mnt/comfyui" not in box.run("findmnt -n /mnt/comfyui", check=False).stdout
        box.power_cut()
    assert _digest(disk) == before


def _with_models(folder: Path) -> Path:
    files = folder / "files"
    (files / "models" / "checkpoints").mkdir(parents=True)
    (files / "models" / "checkpoints" / "mine.safetensors").write_bytes(b"weights" * 1000)
    (files / "base" / "custom_nodes" / "mine").mkdir(parents=True)
    (files / "base" / "custom_nodes" / "mine" / "requirements.txt").write_text("iniconfig\n")
    return files


def test_an_ext4_with_models_is_used_as_it_is_and_its_models_and_nodes_are_found(tmp_path: Path) -> None:
    disk = _image(tmp_path / "theirs.img", 3 * GIB)
    _tool("mkfs.ext4", "-q", "-d", _with_models(tmp_path), disk)
    with new_box(tmp_path, disk=disk) as (box, _):
        uuid = box_uuid(disk)
        box.boot()
        wait_ready(box)
        assert box.run("sha256sum </mnt/comfyui/models/checkpoints/mine.safetensors").stdout.split()[0] == (
            hashlib.sha256(b"weights" * 1000).hexdigest()
        )
        assert "extra_model_paths.yaml" in box.run("cat /etc/gpubox/comfyui.args").stdout
        assert '"checkpoints"' in box.run("cat /mnt/comfyui/gpubox/extra_model_paths.yaml").stdout
        environment = "/mnt/comfyui/current/venv"
        assert box.run(f"ls -d {environment}/lib/python*/site-packages/iniconfig").stdout
        assert box.run(f"find {environment} ! -user root").stdout == ""
        assert box_uuid(disk) == uuid


def box_uuid(disk: Path) -> str:
    words = ["blkid", "--probe", "--output", "value", "--match-tag", "UUID", str(disk)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def test_a_damaged_ext4_is_told_and_what_is_on_it_can_still_be_saved(tmp_path: Path) -> None:
    disk = _image(tmp_path / "theirs.img")
    _tool("mkfs.ext4", "-q", "-d", _with_models(tmp_path), disk)
    # The root folder's inode is gone, which nobody repairs unasked.
    _tool("debugfs", "-w", "-R", "clri <2>", disk)
    uuid = box_uuid(disk)
    with new_box(tmp_path, disk=disk) as (box, _):
        box.boot()
        wait_step(box, "disk", "failed")
        assert problem(box) == "disk_damaged", log(box)
        box.power_cut()
    assert box_uuid(disk) == uuid
    _tool("fsck.ext4", "-y", "-f", disk, ends=1)
    saved = subprocess.run(["debugfs", "-R", "ls -p /lost+found", disk], check=True, capture_output=True, text=True)
    assert "checkpoints" in saved.stdout or _found(disk, b"weights" * 1000)


def _found(disk: Path, content: bytes) -> bool:
    return content in disk.read_bytes()


def test_an_xfs_is_used_as_it_is_and_grows_with_its_disk(tmp_path: Path) -> None:
    disk = _image(tmp_path / "theirs.img", 3 * GIB)
    _tool("mkfs.xfs", "-q", disk)
    if "xfs" not in Path("/proc/filesystems").read_text() and shutil.which("modprobe"):
        subprocess.run(["modprobe", "xfs"], check=False, capture_output=True)
    if "xfs" not in Path("/proc/filesystems").read_text():
        pytest.skip("this kernel has no XFS")
    uuid = box_uuid(disk)
    with new_box(tmp_path, disk=disk) as (box, _):
        box.boot()
        wait_step(box, "disk", "done", "failed")
        assert states(box)["disk"] == "done", log(box)
        assert box.run("findmnt -rno FSTYPE /mnt/comfyui").stdout.strip() == "xfs"
        assert box_uuid(disk) == uuid
        # Its tools come with the other packages.
        wait_step(box, "packages", "done")
        small = _size(box)
        box.poweroff()
        box.wait_for_poweroff()
        box.grow_disk(6 * GIB)
        box.boot()
        wait_step(box, "disk", "done")
        assert _size(box) > small * 1.8


def test_a_disk_that_is_attached_for_reading_is_told(tmp_path: Path) -> None:
    disk = _image(tmp_path / "theirs.img")
    _tool("mkfs.ext4", "-q", "-d", _with_models(tmp_path), disk)
    before = _digest(disk)
    with new_box(tmp_path, disk=disk, read_only=True) as (box, _):
        box.boot()
        wait_step(box, "disk", "failed")
        assert problem(box) == "disk_read_only", log(box)
        box.power_cut()
    assert _digest(disk) == before


def test_a_blank_disk_that_is_attached_for_reading_is_told(tmp_path: Path) -> None:
    with new_box(tmp_path, read_only=True) as (box, _):
        box.boot()
        wait_step(box, "disk", "failed")
        assert problem(box) == "disk_read_only", log(box)


def test_a_full_disk_is_told_with_figures_and_what_is_on_it_stays(tmp_path: Path) -> None:
    files = _with_models(tmp_path)
    with (files / "models" / "large.safetensors").open("wb") as file:
        file.write(b"x" * (150 * _MIB))
    disk = _image(tmp_path / "theirs.img", 200 * _MIB)
    _tool("mkfs.ext4", "-q", "-m", "0", "-d", files, disk)
    with new_box(tmp_path, disk=disk) as (box, _):
        box.boot()
        wait_step(box, "comfyui", "failed")
        box.wait_for(lambda: problem(box) == "disk_space")
        box.wait_for(lambda: " MB" in box.guest_attributes["problem"])
        assert box.run("stat -c %s /mnt/comfyui/models/large.safetensors").stdout.strip() == str(150 * _MIB)


def test_no_disk_is_told_and_the_boot_disk_is_used_only_if_told_to(tmp_path: Path) -> None:
    with new_box(tmp_path, disk=None) as (box, _):
        box.boot()
        wait_step(box, "disk", "failed")
        assert problem(box) == "disk_missing"
        box.power_cut()

        box.metadata["gpubox-root-disk"] = "allow"
        box.boot()
        wait_ready(box)
        assert "THERE IS NO DATA DISK" in box.serial()


def test_a_box_whose_disk_is_gone_never_goes_on_without_it(tmp_path: Path) -> None:
    with new_box(tmp_path, metadata={"gpubox-root-disk": "allow"}) as (box, _):
        box.boot()
        wait_step(box, "disk", "done")
        box.power_cut()
        box.detach_disk()
        box.boot()
        wait_step(box, "disk", "failed")
        assert problem(box) == "disk_missing"


def test_another_disk_in_its_place_is_judged_anew(tmp_path: Path) -> None:
    with new_box(tmp_path) as (box, _):
        box.boot()
        wait_step(box, "disk", "done")
        box.power_cut()

        other = _image(tmp_path / "other.img")
        _raw_data(other)
        before = _digest(other)
        box.attach_disk(other)
        box.boot()
        wait_step(box, "disk", "failed")
        assert problem(box) == "disk_foreign", log(box)
        box.power_cut()
        assert _digest(other) == before


# Linux lets only those with this capability grow a mounted ext4; some computers for tests do not have it.
_CAP_SYS_RESOURCE = 24


def _capable(number: int) -> bool:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
    return bool(int(line.split()[1], 16) >> number & 1)


@pytest.mark.skipif(not _capable(_CAP_SYS_RESOURCE), reason="a mounted ext4 cannot be grown on this computer")
def test_an_ext4_grows_with_its_disk(tmp_path: Path) -> None:
    with new_box(tmp_path) as (box, _):
        box.boot()
        wait_step(box, "disk", "done")
        small = _size(box)
        box.power_cut()
        box.grow_disk(8 * GIB)
        box.boot()
        wait_step(box, "disk", "done")
        assert _size(box) > small * 1.8


def _size(box: ContainerBox) -> int:
    return int(box.run("df --output=size /mnt/comfyui | tail -n 1").stdout)
