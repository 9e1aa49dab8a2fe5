"""A machine that is a container: one boot of an instance, through all the restarts that the guest asks for."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from manager.adapters.embedded.machines.container.background import in_background
from manager.adapters.embedded.machines.container.box import Box
from manager.adapters.embedded.machines.container.disk import sparse_image
from manager.adapters.embedded.machines.container.frozen import freeze, thaw
from manager.adapters.embedded.machines.container.guest import REBOOT
from manager.adapters.embedded.machines.container.listening import Listening
from manager.adapters.embedded.machines.container.metadata_server import metadata_app
from manager.adapters.embedded.machines.container.network import SLOTS, Network, address_of, is_taken
from manager.adapters.embedded.machines.container.recipe import Recipe
from manager.adapters.embedded.machines.container.rootfs import CACHE, layers
from manager.adapters.embedded.machines.container.source import CloudSource
from manager.adapters.embedded.machines.machine import AttachedDisk, Birth
from manager.adapters.embedded.machines.serial import SerialPort

_GIB = 1024**3
_IMAGE = "data.img"
_METADATA_PORT = 80
_PATIENCE_SECONDS, _PAUSE_SECONDS = 20.0, 0.1
_LOOK_SECONDS = 0.5
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Containers:
    """How machines are made: where boot disks are kept, and what is bound into each of them for reading."""

    cache: Path = CACHE
    packages: tuple[str, ...] = ()
    folders: dict[str, Path] = field(default_factory=dict[str, Path])

    def __call__(self, birth: Birth) -> "ContainerMachine":
        """Describe a machine."""
        return ContainerMachine(birth, self)


def address_pool(place: int) -> Iterable[str]:
    """Answer the addresses of machines: free ones first, beginning with another one each time."""
    slots = [SLOTS[(place + number) % len(SLOTS)] for number in range(len(SLOTS))]
    return [address_of(slot) for slot in sorted(slots, key=is_taken)]


class ContainerMachine:
    """One boot. Everything of it is made by `boot`, in the background, and is gone after `halt`."""

    def __init__(self, birth: Birth, containers: Containers) -> None:
        """Describe a machine; `boot` makes it."""
        self._birth, self._containers = birth, containers
        self._serial = SerialPort(birth.state_dir, birth.instance_id)
        self._box: Box | None = None
        self._metadata: Listening | None = None
        self._life: asyncio.Task[None] | None = None
        self._condition = "ok"

    @property
    def alive(self) -> bool:
        """Whether the container runs."""
        return self._box is not None and self._box.guest is not None and self._box.guest.alive

    async def boot(self) -> None:
        """Begin to live, in the background."""
        self._life = asyncio.create_task(self._live())

    async def halt(self, grace: float) -> None:
        """Press the power button, and after `grace` seconds end everything."""
        if self._life is not None:
            if self._box is not None and self._box.guest is not None:
                self._box.guest.ask_to_power_off()
                await asyncio.wait([self._life], timeout=grace)
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
        await self._take_down()

    def suffer(self, condition: str) -> None:
        """Hang (all processes stopped), halt (everything ends, and it bills on), or be well again.

        never-boots is halts from the beginning. A full disk is for the process machine: here, a test fills the disk.
        """
        before, self._condition = self._condition, condition
        if condition == before:
            return
        self._serial.line(f"[gpubox] the machine {condition if condition != 'ok' else 'is well again'}")
        guest = None if self._box is None else self._box.guest
        init = None if guest is None else guest.init
        if guest is None or init is None:
            return
        if condition == "hangs":
            freeze(init)
        elif before == "hangs":
            thaw(init)
        if condition in {"halts", "never-boots"}:
            guest.kill()

    async def _live(self) -> None:
        try:
            box = await self._made()
        except OSError as error:
            self._serial.line(f"[gpubox] the machine cannot be made: {error}")
            return
        while self._condition not in {"halts", "never-boots"}:
            status = await self._one_boot(box)
            if status == REBOOT:
                self._serial.line("[gpubox] the guest restarts")
            elif status == 0:
                self._birth.powered_off()
                return
            else:
                self._serial.line(f"[gpubox] the guest ended, status={status}")
                return

    async def _made(self) -> Box:
        """Make boot disk, network, data disks and metadata server."""
        recipe = Recipe(self._containers.packages)
        self._serial.line("[gpubox] Booting a container; the first one takes a minute longer, to make its boot disk")
        boot_disk = await in_background(lambda: layers(recipe, self._containers.cache))
        slots = [slot for slot in SLOTS if address_of(slot) == self._birth.address] or SLOTS
        # What a cloud that was killed has left is taken away by the kernel, a moment later.
        network = await _sooner_or_later(lambda: Network(slots))
        self._box = box = Box(self._birth.name, self._birth.boot_disk, boot_disk, network)
        for disk in self._birth.disks:
            await _sooner_or_later(lambda disk=disk: _attach(box, disk))
        app = metadata_app(CloudSource(self._birth, network.address), look_seconds=_LOOK_SECONDS)
        self._metadata = Listening(app, network.listener(_METADATA_PORT))
        self._metadata.start()
        network.restore()
        return box

    async def _one_boot(self, box: Box) -> int:
        """Boot, and answer how it ended. In this thread: the container ends with the thread that made it."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[int] = loop.create_future()

        def tell(status: int) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
                loop.call_soon_threadsafe(lambda: ended.done() or ended.set_result(status))

        box.boot(self._serial.write, tell, self._containers.folders)
        return await ended

    async def _take_down(self) -> None:
        if self._box is not None:
            self._box.close()
            self._box = None
        if self._metadata is not None:
            await self._metadata.stop()
            self._metadata = None


def _attach(box: Box, disk: AttachedDisk) -> None:
    image = disk.folder / _IMAGE
    sparse_image(image, disk.size_gb * _GIB)
    box.attach(image, disk.device, read_only=disk.read_only, patience=0)


async def _sooner_or_later(make: Callable[[], _T]) -> _T:
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE_SECONDS
    while True:
        try:
            return make()
        except OSError:
            if loop.time() >= until:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)
