"""Powers this machine off. Nothing here is ever done outside a service of systemd's first process."""

import logging
import os
import subprocess
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Protocol

_TRIGGER = Path("/proc/sysrq-trigger")
_log = logging.getLogger(__name__)


class Way(str, Enum):
    """From the gentlest to the last: asked, asked without stopping services, at once, and the kernel alone."""

    POWEROFF = "systemctl poweroff"
    FORCE = "systemctl poweroff --force"
    FORCE_TWICE = "systemctl poweroff --force --force"
    SYNC = "sysrq s"
    READ_ONLY = "sysrq u"
    SYSRQ = "sysrq o"


class Executor(Protocol):
    """Whoever can power the machine off."""

    def refusal(self) -> str | None:
        """Why this machine may not be powered off from here; None where it may."""
        ...

    def go(self, way: Way) -> None:
        """Set it going and come back at once. Raises OSError where that failed."""
        ...


class SystemExecutor:
    """systemd's own command, and the kernel's trigger where that does not help."""

    def __init__(self, environment: Mapping[str, str] | None = None, parent: int | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._parent = os.getppid() if parent is None else parent

    def refusal(self) -> str | None:
        """A program that somebody started by hand, on whatever computer, must not power it off."""
        if not self._environment.get("INVOCATION_ID") or self._parent != 1:
            return "this is no service of systemd"
        if os.geteuid() != 0:
            return "this does not run as root"
        return None

    def go(self, way: Way) -> None:
        """Not waited for: a systemctl that waits for a process 1 that hangs would hang too.

        Comes back late, or never, where systemctl has to be read from a disk that hangs; only this thread is kept.
        """
        if (refusal := self.refusal()) is not None:
            raise PermissionError(refusal)
        if way.value.startswith("sysrq "):
            _TRIGGER.write_text(way.value[-1], encoding="ascii")
            return
        subprocess.Popen(  # noqa: S603 - fixed words
            way.value.split(),
            stdin=subprocess.DEVNULL,
            # A session of its own. In this form, because without it Python takes vfork, and while the new program is
            # being read no thread of the old one goes on.
            preexec_fn=os.setsid,  # noqa: PLW1509 - a system call and nothing else
            close_fds=True,
        )
