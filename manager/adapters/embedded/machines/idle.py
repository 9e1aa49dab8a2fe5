"""A machine that runs nothing: for tests of the cloud that need no guest."""

from manager.adapters.embedded.machines.machine import Birth
from manager.adapters.embedded.machines.serial import SerialPort


class IdleMachine:
    """On or off, and a line on the serial port."""

    def __init__(self, birth: Birth) -> None:
        """Describe a machine."""
        self._birth = birth
        self._on = False
        self.condition = "ok"

    @property
    def alive(self) -> bool:
        """Whether it is on."""
        return self._on

    async def boot(self) -> None:
        """Switch on."""
        self._on = True
        SerialPort(self._birth.state_dir, self._birth.instance_id).line(f"Booting `{self._birth.name}'")

    async def halt(self, grace: float) -> None:  # noqa: ARG002 - nothing has to be waited for
        """Switch off."""
        self._on = False

    def suffer(self, condition: str) -> None:
        """Remember a condition."""
        self.condition = condition
