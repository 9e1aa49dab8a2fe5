r"""A machine with a kernel of its own, for what a container cannot show: its end, and what only a kernel refuses.

    pytestmark = VM_MARKS

    def test_something(tmp_path):
        with virtual_machine(tmp_path, files={"/etc/motd": "hello"}) as vm:
            vm.boot()
            vm.run("systemctl poweroff")
            vm.wait_for_poweroff()

It is emulated, because a computer for tests is seldom allowed more, and boots in about fifteen seconds. Its boot disk
is in its memory and fresh at each boot. It has no network but its own 127.0.0.0/8, and Debian's kernel for clouds.
Where this computer cannot run it, the test is skipped and says why. Needs root and Debian's packages; the first use
makes the boot disk, as in container.py.
"""

import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from manager.adapters.embedded.machines.orphans import BIND_TO_PARENT
from tests.support.boxes import Completed
from tests.support.line import Line
from tests.support.vm_guest import FILES, LINKS, MASKED
from tests.support.vm_image import Image, image, missing, pack_folder

VM_MARKS = [pytest.mark.vm]
PATIENCE_S = 120.0


class VirtualMachine:
    """A machine in a test's hands. It is off at first."""

    def __init__(self, folder: Path, booted: Image, disks: Mapping[str, Path]) -> None:
        self._folder, self._image, self._disks = folder, booted, dict(disks)
        self._process: subprocess.Popen[bytes] | None = None
        self._commands: Line | None = None
        self._monitor: Line | None = None

    def boot(self, timeout: float = PATIENCE_S) -> None:
        """Switch on, and wait until it takes commands."""
        for name in ("commands", "monitor"):
            (self._folder / name).unlink(missing_ok=True)
        self._process = subprocess.Popen(  # noqa: S603 - fixed words
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            preexec_fn=BIND_TO_PARENT,  # noqa: PLW1509 - only prctl is called there
        )
        self.wait_for(lambda: (self._folder / "monitor").exists() and (self._folder / "commands").exists(), timeout)
        self._monitor = Line(self._folder / "monitor")
        self._monitor.read(timeout)  # its greeting
        self.hardware("qmp_capabilities")
        self._commands = Line(self._folder / "commands")
        try:
            self._commands.read(timeout)  # the guest's
        except (TimeoutError, EOFError) as cause:
            raise AssertionError(f"it did not boot: {self.serial()[-3000:]}") from cause

    def _command(self) -> list[str]:
        qemu = ["qemu-system-x86_64", "-accel", "tcg", "-smp", "2", "-m", "2048", "-no-reboot"]
        qemu += ["-nodefaults", "-display", "none", "-device", "virtio-rng-pci"]
        qemu += ["-kernel", str(self._image.kernel), "-initrd", str(self._image.initramfs)]
        masked = [f"systemd.mask={unit}" for unit in MASKED]
        qemu += ["-append", " ".join(["console=ttyS0", "rdinit=/sbin/init", "net.ifnames=0", *masked])]
        qemu += ["-chardev", f"file,id=console,path={self._folder / 'serial'},append=on", "-serial", "chardev:console"]
        qemu += ["-serial", f"unix:{self._folder / 'commands'},server=on,wait=off"]
        qemu += ["-qmp", f"unix:{self._folder / 'monitor'},server=on,wait=off"]
        for name, disk in self._disks.items():
            qemu += ["-drive", f"if=none,id={name},file={disk},format=raw"]
            qemu += ["-device", f"virtio-blk-pci,drive={name},serial={name}"]
        return qemu

    def serial(self) -> str:
        """What its console said since it was made, in all boots."""
        try:
            return (self._folder / "serial").read_text(errors="replace").replace("\r", "")
        except FileNotFoundError:
            return ""

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def run(self, command: str | Sequence[str], *, check: bool = True, timeout: float = PATIENCE_S) -> Completed:
        """Run a command inside as root: a line for sh, or a list of words."""
        assert self._commands is not None, "it was never booted"
        words = ["sh", "-c", command] if isinstance(command, str) else list(command)
        self._commands.write(words)
        answer = Completed(*self._commands.read(timeout))
        assert not check or answer.returncode == 0, f"{shlex.join(words)}: {answer}"
        return answer

    def hardware(self, command: str, **arguments: Any) -> Any:
        """Ask the emulator for something, in the words of QEMU's monitor (QMP)."""
        assert self._monitor is not None, "it was never booted"
        self._monitor.write({"execute": command, "arguments": arguments})
        while "event" in (answer := self._monitor.read(PATIENCE_S)):
            pass
        assert "return" in answer, f"{command}: {answer}"
        return answer["return"]

    def let_hang(self, disk: str) -> None:
        """From now on a disk moves a byte a second, so that who waits for it waits for hours."""
        others = dict.fromkeys(("bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"), 0)
        self.hardware("block_set_io_throttle", device=disk, bps=1, **others)

    def wait_for(self, what: Callable[[], object], timeout: float = PATIENCE_S) -> None:
        """Wait until something is so; what raises AssertionError or KeyError meanwhile counts as not yet."""
        deadline = time.monotonic() + timeout
        while True:
            with suppress(AssertionError, KeyError):
                if what():
                    return
            if time.monotonic() >= deadline:
                raise AssertionError(f"not in {timeout} s. The console's end:\n{self.serial()[-3000:]}")
            time.sleep(0.1)

    def wait_for_poweroff(self, timeout: float = PATIENCE_S) -> None:
        """Wait until it has switched itself off, and see that it was no crash."""
        self.wait_for(lambda: not self.is_running, timeout)
        assert "reboot: Power down" in self.serial(), self.serial()[-3000:]

    def power_cut(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for line in (self._commands, self._monitor):
            if line is not None:
                line.close()
        self._commands = self._monitor = None


@contextmanager
def virtual_machine(
    folder: Path,
    *,
    disks: Mapping[str, Path] | None = None,
    files: Mapping[str, str | bytes] | None = None,
    folders: Mapping[str, Path] | None = None,
) -> Generator[VirtualMachine]:
    """A machine that is off.

    Args:
        folder: an empty folder, e.g. tmp_path.
        disks: images by the serial number they have inside, where they are /dev/disk/by-id/google-NUMBER.
        files: content by path; a text that begins with `#!` may be run.
        folders: folders by the path that a copy of them has inside.
    """
    if why := missing():
        pytest.skip(why)
    fresh, root, initramfs = image(), folder / "root", folder / "initramfs"
    root.mkdir(mode=0o755)
    for inside, theirs in (folders or {}).items():
        (root / inside[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(theirs, root / inside[1:], symlinks=True)
    for inside, content in {**FILES, **(files or {})}.items():
        file = root / inside[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(0o755 if file.read_bytes().startswith(b"#!") else 0o644)
    for inside, target in LINKS.items():
        (root / inside[1:]).parent.mkdir(parents=True, exist_ok=True)
        (root / inside[1:]).symlink_to(target)
    shutil.copyfile(fresh.initramfs, initramfs)
    pack_folder(root, initramfs)
    vm = VirtualMachine(folder, Image(fresh.kernel, initramfs), disks or {})
    try:
        yield vm
    finally:
        vm.power_cut()
        initramfs.unlink()
