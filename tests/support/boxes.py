"""A box in a test's hands (container.py makes it): its power, disks and network, what it is told and what it tells."""

import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from manager.adapters.embedded.machines.container.box import Box
from manager.adapters.embedded.machines.container.disk import sparse_image
from manager.adapters.embedded.machines.container.guest import REBOOT
from tests.support.beside import Beside, BoxSource

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Completed:
    """What a command inside said, and how it ended."""

    stdout: str
    stderr: str
    returncode: int


class ContainerBox:
    """A box in a test's hands. It is off at first."""

    def __init__(self, name: str, box: Box, source: BoxSource, disk: Path | None) -> None:
        self.name, self._box, self._source = name, box, source
        self.disk = disk  # the data disk's image
        self.folders: dict[str, Path] = {}  # bound into the next boot for reading, by the path inside
        self._console: list[bytes] = []
        self._status: int | None = None
        self._beside = Beside(box.network, source)

    # What it is told, and what it tells

    @property
    def metadata(self) -> dict[str, str]:
        """Its attributes; a change is seen by who waits for one."""
        return self._source.attributes

    @property
    def guest_attributes(self) -> dict[str, str]:
        """What it wrote in the namespace gpubox."""
        return dict(self._source.written.get("gpubox", {}))

    @property
    def guest_writes(self) -> list[tuple[float, str, str, str | None]]:
        """Every write and removal: (seconds of time.monotonic, namespace, key, value or None)."""
        return list(self._source.writes)

    def serial(self) -> str:
        """What its console said since it was made, in all boots."""
        return b"".join(self._console).decode(errors="replace")

    # Power

    def boot(self, timeout: float = 30) -> None:
        """Switch on, and wait until systemd takes commands; the startup script runs later."""
        self._status = None
        self._box.boot(self._console.append, self._ended, self.folders)
        guest = self._box.guest
        assert guest is not None
        self.wait_for(lambda: guest.listens or not guest.alive, timeout)
        assert guest.alive, f"it did not boot: {self.serial()[-2000:]}"

    def _ended(self, status: int) -> None:
        self._status = status

    @property
    def is_running(self) -> bool:
        return self._box.guest is not None and self._box.guest.alive

    def poweroff(self) -> None:
        """Press the power button; does not wait."""
        if self._box.guest is not None:
            self._box.guest.ask_to_power_off()

    def wait_for_poweroff(self, timeout: float = PATIENCE_S) -> None:
        """Wait until it has switched itself off."""
        assert self._end(timeout) == 0, f"it ended with {self._status}: {self.serial()[-2000:]}"

    def wait_for_reboot(self, timeout: float = PATIENCE_S) -> None:
        """Wait until it wants to boot again, and boot it, on the same disks."""
        assert self._end(timeout) == REBOOT, f"it ended with {self._status}: {self.serial()[-2000:]}"
        self.boot()

    def _end(self, timeout: float) -> int | None:
        assert self._box.guest is not None, "it was never booted"
        assert self._box.guest.wait(timeout), f"still running after {timeout} s: {self.serial()[-2000:]}"
        return self._status

    def power_cut(self) -> None:
        """End everything at once. What ext4 or XFS on the data disk had not written yet is lost, as in the cloud."""
        if self._box.guest is not None:
            self._box.guest.pull_the_plug()

    # Inside

    def run(self, command: str | Sequence[str], *, check: bool = True, timeout: float = PATIENCE_S) -> Completed:
        """Run a command inside as root: a line for sh, or a list of words."""
        assert self._box.guest is not None, "it was never booted"
        words = ["sh", "-c", command] if isinstance(command, str) else list(command)
        try:
            done = self._box.guest.run(words, timeout)
        except ProcessLookupError:
            assert not check, f"{shlex.join(words)}: the box is off"
            return Completed("", "the box is off", -1)
        answer = Completed(done.stdout, done.stderr, done.returncode)
        assert not check or answer.returncode == 0, f"{shlex.join(words)}: {answer}"
        return answer

    def journal(self, unit: str = "") -> str:
        """The journal of a unit, or all of it, of this boot."""
        of = ["--unit", unit] if unit else []
        return self.run(["journalctl", "--no-pager", "--boot", "--output=short-monotonic", *of]).stdout

    def put(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file of the boot disk as root, running or off; folders on the way are made."""
        self._box.put(path, content, mode)

    @property
    def root(self) -> Path:
        """Its root folder from outside while it runs; while it is off, what was written over the fresh boot disk.

        To make files while it is off, use `put`, which keeps the modes of the folders on the way.
        """
        guest = self._box.guest
        running = guest.root if guest is not None and guest.alive else None
        return running or self._box.folder / "upper"

    def wait_for(self, what: Callable[[], object], timeout: float = PATIENCE_S) -> None:
        """Wait until something is so; what raises AssertionError or KeyError meanwhile counts as not yet."""
        deadline = time.monotonic() + timeout
        while True:
            with suppress(AssertionError, KeyError, subprocess.TimeoutExpired):
                if what():
                    return
            if time.monotonic() >= deadline:
                raise AssertionError(f"not in {timeout} s. The console's end:\n{self.serial()[-3000:]}")
            time.sleep(0.05)

    def wait_for_startup_script(self, timeout: float = 120) -> str:
        """Wait until Google's runner is through, and answer what it wrote into the journal."""
        unit = "google-startup-scripts.service"
        self.wait_for(
            lambda: self.run(["systemctl", "is-active", unit], check=False).stdout.strip() in {"active", "failed"},
            timeout,
        )
        return self.journal(unit)

    def keep_boot_disk(self, folder: Path) -> None:
        """Copy what was written to the boot disk, while it is off: for `boot_disk` of another box."""
        assert not self.is_running
        copy_boot_disk(self._box.folder / "upper", folder)

    # Network

    @property
    def address(self) -> str:
        """Its address as this computer, and a browser on it, reaches it."""
        return self._box.network.address

    @property
    def host_address(self) -> str:
        """This computer's address as the box sees it."""
        return self._box.network.host_address

    def cut_network(self) -> None:
        """Cut the internet off; this computer, the metadata server and what `serve` serves stay in reach."""
        self._box.network.cut()

    def restore_network(self) -> None:
        """Give the internet back."""
        self._box.network.restore()

    def cut_metadata(self) -> None:
        """Let the metadata server, and what `serve` serves, fall silent."""
        self._box.network.reach_metadata(reachable=False)

    def restore_metadata(self) -> None:
        """Let it answer again."""
        self._box.network.reach_metadata(reachable=True)

    def serve(self, what: Path | ASGIApp, port: int = 0) -> str:
        """Serve a folder (files only, no listings) or an application to the box; the URL without a slash at the end."""
        return self._beside.serve(what, port)

    # Disks

    def attach_disk(self, image: Path, *, read_only: bool = False) -> None:
        """Attach another data disk; a change is seen at the next boot."""
        self._box.attach(image, read_only=read_only)
        self.disk = image

    def detach_disk(self) -> None:
        """Take the data disk away, while it is off."""
        assert not self.is_running
        self._box.detach()

    def grow_disk(self, size: int) -> None:
        """Resize the data disk to `size` bytes, also while it runs."""
        assert self.disk is not None
        sparse_image(self.disk, size)
        self._box.has_grown()

    def close(self) -> None:
        """Take everything down; the files stay where they are."""
        self._box.close()
        self._beside.close()


def copy_boot_disk(folder: Path, target: Path) -> None:
    """With owners, modes, and what overlayfs notes in extended attributes and devices."""
    subprocess.run(["cp", "--archive", "--no-target-directory", str(folder), str(target)], check=True)  # noqa: S603, S607
