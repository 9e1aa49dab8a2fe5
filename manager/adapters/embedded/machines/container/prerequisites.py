"""What a computer needs for machines that are containers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Program: Debian's package.
_PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "debootstrap": "debootstrap",
    "slirp4netns": "slirp4netns",
    "ip": "iproute2",
    "losetup": "mount",
    "unshare": "util-linux",
    "nsenter": "util-linux",
}


class NoContainersError(Exception):
    """Machines cannot be containers here; the text says why, in one sentence."""


def require_containers() -> None:
    """Raise NoContainersError where machines cannot be containers."""
    if why := missing():
        raise NoContainersError(why)


def missing() -> str | None:
    """Answer in one sentence why machines cannot be containers here, or None where they can."""
    if sys.platform != "linux":
        return "EMBEDDED_MACHINE=container needs Linux."
    if os.geteuid() != 0:
        return "EMBEDDED_MACHINE=container needs root."
    packages = sorted({package for name, package in _PROGRAMS.items() if shutil.which(name) is None})
    if packages:
        return f"EMBEDDED_MACHINE=container needs Debian's packages: apt-get install {' '.join(packages)}"
    for device in ("/dev/loop-control", "/dev/net/tun"):
        if not Path(device).exists():
            return f"EMBEDDED_MACHINE=container needs {device}, which this computer does not have."
    tried = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], check=False, capture_output=True)  # noqa: S607
    if tried.returncode:
        return "EMBEDDED_MACHINE=container needs namespaces, which are not allowed here."
    return None
