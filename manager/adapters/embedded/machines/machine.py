"""The seam between the cloud and what an instance runs on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Birth:
    """What a machine is told when it is made: all that it may know of the cloud.

    `write_attribute(namespace, key, value)` is how the guest writes its guest attributes; it is refused silently
    where metadata does not allow them. `disk` is the folder of the disk that holds the user's data.
    """

    name: str
    instance_id: str
    address: str | None
    disk: Path
    state_dir: Path
    metadata: dict[str, str]
    write_attribute: Callable[[str, str, str], None]


class Machine(Protocol):
    """One boot of one instance. A machine is booted once and halted once; the next boot is another machine."""

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
