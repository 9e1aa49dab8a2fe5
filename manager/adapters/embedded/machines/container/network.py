"""A box's network: wires to this computer and to its metadata server, and a way out that can be cut.

        this computer                the box                    beside it
      gpuboxN 10.203.N.1 ─── eth0 10.203.N.2
                                meta0 169.254.169.253 ─── meta0 169.254.169.254
      slirp4netns ──────────── tap0 10.0.2.100 (default route, resolver 10.0.2.3)

This computer forwards nothing and translates no addresses: slirp4netns is an ordinary program that opens ordinary
connections. A wire goes with the namespace that holds its other end, and slirp4netns with the pipe that it watches,
so a process that is killed leaves nothing behind.
"""

import contextlib
import os
import select
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from manager.adapters.embedded.machines.container.namespaces import NetworkNamespace, ip

SLOTS = range(256)
METADATA_ADDRESS = "169.254.169.254"
RESOLVER = "10.0.2.3"
_METADATA_SIDE = "169.254.169.253"
_EXISTS = "File exists"
_SLIRP_SECONDS = 10.0


def address_of(slot: int) -> str:
    """Answer a box's address as this computer sees it."""
    return f"10.203.{slot}.2"


def is_taken(slot: int) -> bool:
    """Tell whether a box on this computer has the slot."""
    return Path(f"/sys/class/net/gpubox{slot}").exists()


class Network:
    """The network of one box. The wires stand from its making to `close`; the way out from `restore` to `cut`."""

    def __init__(self, slots: Iterable[int] = SLOTS) -> None:
        """Take the first slot that no box on this computer has; OSError where none is left, or without root."""
        self.box, self.beside = NetworkNamespace(), NetworkNamespace()
        self._way_out: subprocess.Popen[bytes] | None = None
        self._lifeline = -1
        try:
            self.slot = self._wire(slots)
            self.beside.ip(
                f"link add meta0 type veth peer name meta0 netns {self.box.path}",
                f"addr add {METADATA_ADDRESS}/30 dev meta0",
                "link set meta0 up",
            )
            self.box.ip(
                f"addr add {self.address}/30 dev eth0",
                "link set eth0 up",
                f"addr add {_METADATA_SIDE}/30 dev meta0",
                "link set meta0 up",
            )
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        """The box's address as this computer sees it."""
        return address_of(self.slot)

    @property
    def host_address(self) -> str:
        """This computer's address as the box sees it."""
        return f"10.203.{self.slot}.1"

    def _wire(self, slots: Iterable[int]) -> int:
        for slot in slots:
            if self._takes(slot):
                return slot
        raise OSError("no free address for a box on this computer")

    def _takes(self, slot: int) -> bool:
        # The kernel refuses a second interface of the same name: that is the lock between programs.
        name = f"gpubox{slot}"
        try:
            ip(f"link add {name} type veth peer name eth0 netns {self.box.path}")
        except OSError as error:
            if _EXISTS in str(error):
                return False
            raise
        ip(f"addr add 10.203.{slot}.1/30 dev {name}", f"link set {name} up")
        return True

    def listener(self, port: int) -> socket.socket:
        """Answer a socket that listens beside the box, at the metadata server's address."""
        return self.beside.listener(METADATA_ADDRESS, port)

    def reach_metadata(self, *, reachable: bool) -> None:
        """Cut the wire to the metadata server, or mend it."""
        self.beside.ip(f"link set meta0 {'up' if reachable else 'down'}")

    def restore(self) -> None:
        """Open the way out; safe to repeat. OSError where slirp4netns does not get ready."""
        if self._way_out is not None:
            return
        watched, self._lifeline = os.pipe()
        ready, told = os.pipe()
        try:
            self._way_out = subprocess.Popen(  # noqa: S603 - fixed words
                [
                    *("slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback"),
                    *(f"--exit-fd={watched}", f"--ready-fd={told}", "--netns-type=path", self.box.path, "tap0"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(watched, told),
                start_new_session=True,
            )
            os.close(told)
            told = -1
            _wait_until_ready(ready)
        except BaseException:
            self.cut()
            raise
        finally:
            for fd in (watched, ready, told):
                if fd >= 0:
                    os.close(fd)

    def cut(self) -> None:
        """Close the way out, as if the internet were gone; safe to repeat."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        if self._way_out is not None:
            self._way_out.kill()
            self._way_out.wait()
            self._way_out = None

    def close(self) -> None:
        """Take everything down; safe to repeat."""
        self.cut()
        if (slot := getattr(self, "slot", None)) is not None:
            with contextlib.suppress(OSError):
                ip(f"link del gpubox{slot}")
            del self.slot
        self.box.close()
        self.beside.close()


def _wait_until_ready(ready: int) -> None:
    if not select.select([ready], [], [], _SLIRP_SECONDS)[0] or not os.read(ready, 1):
        raise OSError("slirp4netns did not open a way out of the box")
