"""A booted container: systemd as its first process, in namespaces that all end with it.

    unshare            dies with this process (orphans.py)
      sh               first process of a namespace: when it dies, everything below dies with it, at once
        systemd-nspawn
          systemd      the guest's first process

The boot disk is mounted in the mount namespace of `sh`, so it is unmounted by the kernel when the last of them is gone.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from manager.adapters.embedded.machines.container.crash import shut_down_file_systems
from manager.adapters.embedded.machines.container.recipe import ENVIRONMENT
from manager.adapters.embedded.machines.orphans import BIND_TO_PARENT

REBOOT = 133  # what systemd-nspawn answers where the guest wants to be booted again
_POWEROFF = signal.SIGRTMIN + 4  # systemd takes it for `systemctl poweroff`
_CHUNK = 64 * 1024
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
_SCRIPT = """\
tries=0 # a boot before this one that was killed takes a moment to let go of its disk
until mount -t overlay overlay -o "$1" "$2"; do
  tries=$((tries + 1))
  [ "$tries" -lt 50 ] || exit 1
  sleep 0.1
done
mkdir -p /run/systemd/nspawn && mount -t tmpfs tmpfs /run/systemd/nspawn || exit 1
shift 2
"$@"
exit $?
"""


@dataclass(frozen=True, slots=True)
class Birth:
    """What to boot: overlay folders (the topmost layer first), names, the network, and what is bound into it."""

    layers: Sequence[Path]
    folder: Path
    name: str
    machine: str
    network_fd: int
    devices: dict[str, Path] = field(default_factory=dict[str, Path])
    folders: dict[str, Path] = field(default_factory=dict[str, Path])

    @property
    def upper(self) -> Path:
        """Where everything lies that the guest wrote to its boot disk."""
        return self.folder / "upper"


class Guest:
    """One boot, from its making to `wait`. The thread that makes it has to live as long as the guest is to live."""

    def __init__(self, birth: Birth, output: Callable[[bytes], None], ended: Callable[[int], None]) -> None:
        """Boot. `output` is told what the console says, `ended` the exit status; both in a thread of their own."""
        self._output, self._ended = output, ended
        for name in ("upper", "work", "merged"):
            (birth.folder / name).mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(  # noqa: S603 - fixed words
            _command(birth),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(birth.network_fd,),
            start_new_session=True,
            preexec_fn=BIND_TO_PARENT,  # noqa: PLW1509 - only prctl is called there
        )
        self._watch = threading.Thread(target=self._follow, name=f"guest-{birth.machine}", daemon=True)
        self._watch.start()

    @property
    def alive(self) -> bool:
        """Whether something of it runs."""
        return self._watch.is_alive()

    @property
    def init(self) -> int | None:
        """The process id of the guest's systemd as this computer sees it; None while there is none."""
        shells = _children(self._process.pid)
        containers = [pid for shell in shells for pid in _children(shell)]
        return next((pid for container in containers for pid in _children(container) if _is_init(pid)), None)

    @property
    def root(self) -> Path | None:
        """The guest's root folder, seen from outside; None before it is there."""
        init = self.init
        return None if init is None else Path(f"/proc/{init}/root")

    @property
    def listens(self) -> bool:
        """Whether systemd takes commands."""
        root = self.root
        return root is not None and (root / "run/systemd/private").exists()

    def run(self, command: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
        """Run a program inside as root; ProcessLookupError where there is no guest."""
        init = self.init
        if init is None:
            raise ProcessLookupError("the guest does not run")
        environment = [f"{name}={value}" for name, value in (_ENVIRONMENT | ENVIRONMENT).items()]
        return subprocess.run(  # noqa: S603 - the caller's command, in the guest
            ["nsenter", "-t", str(init), "--all", "env", "-i", *environment, *command],  # noqa: S607 - Debian's
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout,
        )

    def ask_to_power_off(self) -> None:
        """Press the power button."""
        if (init := self.init) is not None:
            _kill(init, _POWEROFF)

    def pull_the_plug(self) -> None:
        """End everything at once; what was not on the data disk yet never gets there. Answers when all is gone."""
        if (init := self.init) is not None:
            shut_down_file_systems(init)
        self.kill()

    def kill(self) -> None:
        """End everything at once; the kernel writes to the disks what it still has. Answers when all is gone."""
        # The namespace's first process, so that `unshare` sees the end of all the others and ends after them.
        for pid in _children(self._process.pid) or [self._process.pid]:
            _kill(pid, signal.SIGKILL)
        self.wait()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for its end; False where it still runs after `timeout` seconds."""
        self._watch.join(timeout)
        return not self._watch.is_alive()

    def _follow(self) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as console:
                while chunk := os.read(console.fileno(), _CHUNK):
                    self._output(chunk)
        self._ended(self._process.wait())


def _command(birth: Birth) -> list[str]:
    options = f"lowerdir={':'.join(map(str, birth.layers))},upperdir={birth.upper},workdir={birth.folder / 'work'}"
    merged = str(birth.folder / "merged")
    # The first process is a shell, not systemd-nspawn, which as a first process would write into the kernel's log.
    unshare = ["unshare", "--pid", "--mount", "--fork", "--kill-child=SIGKILL", "--mount-proc"]
    nspawn = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--console=read-only"]
    nspawn += ["--link-journal=no", "--resolv-conf=off", "--timezone=off", "--capability=CAP_NET_ADMIN"]
    nspawn += ["--setenv=SYSTEMD_COLORS=0"]
    nspawn += [f"--machine={birth.machine}", f"--hostname={birth.name}", f"--directory={merged}"]
    nspawn += [f"--network-namespace-path=/proc/self/fd/{birth.network_fd}"]
    nspawn += [f"--bind={device}:{inside}" for inside, device in birth.devices.items()]
    nspawn += [f"--bind-ro={folder}:{inside}" for inside, folder in birth.folders.items()]
    return [*unshare, "sh", "-c", _SCRIPT, "gpubox", options, merged, *nspawn, "systemd.show_status=yes"]


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _is_init(pid: int) -> bool:
    """Tell whether it is the first process of its namespace, and systemd already instead of what leads to it."""
    try:
        numbers = next(
            line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("NSpid")
        )
        return numbers.split()[-1] == "1" and Path(f"/proc/{pid}/comm").read_text().strip() == "systemd"
    except (OSError, StopIteration):
        return False


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
