"""A disk image as a block device, which goes with this process."""

import os
import subprocess
import time
from pathlib import Path


class LoopDevice:
    """A loop device over an image. The kernel takes it away when nobody holds it open any more."""

    def __init__(self, image: Path, *, read_only: bool = False, patience: float = 0.0) -> None:
        """Attach; OSError where there is no free device or no such image.

        Also where another box has it, after `patience` seconds, unless this one only wants to read.
        """
        if not read_only:
            _wait_until_free(image, patience)
        mode = ["--read-only"] if read_only else []
        self.path = Path(_losetup("--find", "--show", *mode, str(image)))
        self._held = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        _losetup("--detach", str(self.path))  # done by the kernel once this process, and the box, have let go

    def resized(self) -> None:
        """Take the image's new size over."""
        _losetup("--set-capacity", str(self.path))

    def close(self) -> None:
        """Let go of it; safe to repeat."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1


def sparse_image(image: Path, size: int) -> None:
    """Make a blank image of `size` bytes that takes no room, or let one grow; never smaller."""
    image.parent.mkdir(parents=True, exist_ok=True)
    with image.open("ab") as stream:
        if stream.tell() < size:
            stream.truncate(size)


def _wait_until_free(image: Path, patience: float) -> None:
    """Two boxes writing to one disk destroy it. A box that was killed takes a moment to let go of its own."""
    until = time.monotonic() + patience
    while users := _losetup("--associated", str(image)):
        if time.monotonic() >= until:
            raise OSError(f"the disk {image} is attached already, as {users.partition(':')[0]}")
        time.sleep(0.05)


def _losetup(*arguments: str) -> str:
    done = subprocess.run(["losetup", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607 - Debian's
    if done.returncode:
        raise OSError(done.stderr.strip())
    return done.stdout.strip()
