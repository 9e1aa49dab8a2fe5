"""What a virtual machine boots: Debian's kernel for clouds, and the boxes' boot disk, packed for its memory.

The kernel is a package in a layer above the boot disk that containers have (`rootfs.py`), so it comes through apt as
everything else there. The two layers are packed as an initramfs, once, and kept beside them.
"""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from manager.adapters.embedded.machines.container.recipe import Recipe
from manager.adapters.embedded.machines.container.rootfs import CACHE, layers

_KERNEL = "linux-image-cloud-amd64"
# Program: Debian's package.
_PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "cpio": "cpio",
    "debootstrap": "debootstrap",
    "unshare": "util-linux",
    "mke2fs": "e2fsprogs",
}
# Folders that stay empty, because nothing of a boot is in them: what is not packed need not be unpacked.
_LEFT_OUT = ("boot", "usr/share/doc", "usr/share/locale", "usr/share/man", "var/cache", "var/lib/apt")
_PACK = """\
mount -t overlay overlay -o "lowerdir=$1" "$2"
cd "$2"
out=$3
shift 3
find . -xdev "$@" -print0 | cpio --quiet --null --create --format=newc >"$out"
"""


@dataclass(frozen=True, slots=True)
class Image:
    """A kernel, and the initramfs that it starts `/sbin/init` from."""

    kernel: Path
    initramfs: Path


def missing() -> str | None:
    """Answer in one sentence why this computer has no virtual machines, or None where it has."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "Virtual machines need Linux on x86-64."
    if os.geteuid() != 0:
        return "Virtual machines need root, to make their boot disk."
    packages = sorted({package for name, package in _PROGRAMS.items() if shutil.which(name) is None})
    if packages:
        return f"Virtual machines need Debian's packages: apt-get install {' '.join(packages)}"
    return None


def image() -> Image:
    """Answer what to boot; made where it is not yet, which takes a minute or two and the network."""
    cache = Path(os.environ.get("GPUBOX_ROOTFS_CACHE", CACHE))
    made = layers(Recipe((_KERNEL,)), cache)
    [kernel] = (made[0] / "boot").glob("vmlinuz-*")
    initramfs = cache / f"{made[0].name}.initramfs"
    if not initramfs.exists():
        partial = initramfs.with_name(f"{initramfs.name}.{os.getpid()}.partial")
        try:
            _pack(made, partial)
            partial.rename(initramfs)
        finally:
            partial.unlink(missing_ok=True)
    return Image(kernel, initramfs)


def pack_folder(folder: Path, archive: Path) -> None:
    """Append a folder to an initramfs, whose files it replaces where it has some of the same name."""
    pack = 'cd "$1" && find . -print0 | cpio --quiet --null --create --format=newc >>"$2"'
    subprocess.run(["sh", "-ec", pack, "pack", str(folder), str(archive)], check=True)  # noqa: S603, S607 - Debian's


def _pack(made: tuple[Path, ...], archive: Path) -> None:
    root = archive.with_suffix(".root")
    root.mkdir()
    try:
        without = [word for name in _LEFT_OUT for word in ("!", "-path", f"./{name}/*")]
        script = ["sh", "-ec", _PACK, "pack", ":".join(map(str, made)), str(root), str(archive), *without]
        subprocess.run(["unshare", "--mount", *script], check=True)  # noqa: S603, S607 - Debian's
    finally:
        root.rmdir()
