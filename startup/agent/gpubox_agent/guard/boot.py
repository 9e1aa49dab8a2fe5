"""When this machine booted, and which boot it is."""

import os
import time
from pathlib import Path


def booted_at(proc: Path = Path("/proc")) -> float:
    """In seconds of CLOCK_MONOTONIC: when process 1 began. In a container, that is not when the kernel did."""
    try:
        text = (proc / "1" / "stat").read_text(encoding="ascii", errors="replace")
        # The second field is a name in brackets that may contain anything; the 22nd is the start in clock ticks.
        ticks = int(text.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return time.monotonic()
    began = ticks / os.sysconf("SC_CLK_TCK")
    return time.monotonic() - (time.clock_gettime(time.CLOCK_BOOTTIME) - began)


def boot_id(proc: Path = Path("/proc")) -> str:
    """The kernel's id of this boot together with process 1's start, so that containers differ too."""
    try:
        kernel = (proc / "sys" / "kernel" / "random" / "boot_id").read_text(encoding="ascii").strip()
    except OSError:
        kernel = "unknown"
    return f"{kernel}-{round(booted_at(proc))}"
