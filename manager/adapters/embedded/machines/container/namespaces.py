"""Network namespaces that are held by a file descriptor.

They have no name, so nothing of them is left when the last process in them and the last descriptor are gone, whatever
this process dies of.
"""

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from typing import TypeVar

_CLONE_NEWNET = 0x40000000
_BACKLOG = 128
_T = TypeVar("_T")


class NetworkNamespace:
    """An empty network namespace, with `lo` up. Needs root; OSError where the kernel refuses."""

    def __init__(self) -> None:
        self.fd = _in_a_thread(_unshared)
        self.ip("link set lo up")

    @property
    def path(self) -> str:
        """Answer the path under which every process of this computer finds it."""
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    def ip(self, *lines: str) -> None:
        """Carry out commands of iproute2 inside; OSError with its own words where one fails."""
        ip(*lines, prefix=("nsenter", f"--net={self.path}"))

    def listener(self, address: str, port: int) -> socket.socket:
        """Answer a TCP socket that listens inside; port 0 is any free one."""

        def make() -> socket.socket:
            _setns(self.fd)
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(_BACKLOG)
            return listener

        return _in_a_thread(make)

    def close(self) -> None:
        """Let go of it; safe to repeat."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def ip(*lines: str, prefix: tuple[str, ...] = ()) -> None:
    """Carry out commands of iproute2, e.g. "link set eth0 up"; OSError with its own words where one fails."""
    command = [*prefix, "ip", "-batch", "-"]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    if done.returncode:
        raise OSError(f"ip: {done.stderr.strip()}")


def _unshared() -> int:
    _call("unshare", _CLONE_NEWNET)
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _setns(fd: int) -> None:
    _call("setns", fd, _CLONE_NEWNET)


def _call(name: str, *arguments: int) -> None:
    # Python has these calls since 3.12 only.
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _in_a_thread(work: Callable[[], _T]) -> _T:
    """Do what changes a thread's namespace in a thread that ends with it."""
    answers: list[_T] = []
    errors: list[Exception] = []

    def body() -> None:
        try:
            answers.append(work())
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=body, name="network-namespace")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return answers[0]
