"""The seam between the cloud and what an instance runs on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AttachedDisk:
    """A disk as a machine gets it: `folder` holds its content, in whatever form the machine keeps it."""

    device: str
    folder: Path
    size_gb: int
    read_only: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What a guest may know of itself at a moment; `guest_attributes` is None where metadata does not allow them."""

    project: str
    zone: str
    machine_type: str
    attributes: dict[str, str]
    guest_attributes: dict[str, dict[str, str]] | None


@dataclass(frozen=True, slots=True)
class Birth:
    """What a machine is told when it is made: all that it may know of the cloud.

    `write_attribute(namespace, key, value)` is how the guest writes its guest attributes, and removes them (None); it
    is refused silently where metadata does not allow them. `told` answers what is so now. `powered_off` is called,
    in the event loop, when the guest has switched itself off. `disk` is the folder of the disk that holds the user's
    data; `boot_disk` and `disks` are for machines that have real ones.
    """

    name: str
    instance_id: str
    address: str | None
    disk: Path
    state_dir: Path
    boot_disk: Path
    disks: tuple[AttachedDisk, ...]
    told: Callable[[], Told]
    write_attribute: Callable[[str, str, str | None], None]
    powered_off: Callable[[], None]


class Machine(Protocol):
    """One boot of one instance. A machine is booted once and halted once; the next boot is another machine.

    Where the guest restarts itself, it is the same boot of the same machine, as the instance stays RUNNING.
    """

    async def boot(self) -> None:
        """Switch on; answers as soon as power is on, long before the guest is ready."""
        ...

    async def halt(self, grace: float) -> None:
        """Switch off: ask the guest, and after `grace` seconds do not ask. Safe to repeat."""
        ...

    def suffer(self, condition: str) -> None:
        """Enter a condition: ok, hangs, halts, disk-full, never-boots."""
        ...

    @property
    def alive(self) -> bool:
        """Whether something runs."""
        ...


MachineFactory = Callable[[Birth], Machine]
