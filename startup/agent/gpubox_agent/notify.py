"""systemd's notification protocol: one datagram each."""

import contextlib
import os
import socket


def notify(*lines: str) -> None:
    """Tell systemd, for example `notify("READY=1")`. Does nothing where systemd does not listen.

    Never raises, and never waits: a systemd that hangs reads nothing, and only so much may lie unread.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
        to.settimeout(0)
        to.connect(address)
        to.send("\n".join(lines).encode())


def watchdog_interval() -> float | None:
    """How often, in seconds, to send `WATCHDOG=1`: half of what systemd allows; None where it does not watch."""
    try:
        allowed = int(os.environ.get("WATCHDOG_USEC", "0"))
        watched = int(os.environ.get("WATCHDOG_PID", os.getpid()))
    except ValueError:
        return None
    return allowed / 2_000_000 if allowed > 0 and watched == os.getpid() else None
