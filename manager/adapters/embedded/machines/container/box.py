"""A box: a boot disk, a data disk and a network that outlive each of its boots. Its calls block, for milliseconds."""

import shutil
from collections.abc import Callable
from pathlib import Path

from manager.adapters.embedded.machines.container.disk import LoopDevice
from manager.adapters.embedded.machines.container.guest import Birth, Guest
from manager.adapters.embedded.machines.container.network import METADATA_ADDRESS, RESOLVER, Network

DATA_DEVICE = "persistent-comfyui"


class Box:
    """What a container is booted on. The boot disk is what was written over `layers`; it lies in `folder`."""

    def __init__(self, name: str, folder: Path, layers: tuple[Path, ...], network: Network) -> None:
        self.name, self.folder, self.network = name, folder, network
        self._layers = layers
        self._disks: dict[str, LoopDevice] = {}
        self.guest: Guest | None = None
        folder.mkdir(parents=True, exist_ok=True)
        # overlayfs takes no colon and no comma in its options.
        if set(":,\\") & set(str(folder)):
            raise OSError(f"a box cannot lie in {folder}: no colons and commas, please")

    def attach(
        self, image: Path, device: str = DATA_DEVICE, *, read_only: bool = False, patience: float = 15.0
    ) -> None:
        """Attach a disk under a device name, for the boots to come; in place of the one that had the name.

        OSError where it is still attached elsewhere for writing after `patience` seconds.
        """
        self.detach(device)
        self._disks[device] = LoopDevice(image, read_only=read_only, patience=patience)

    def detach(self, device: str = DATA_DEVICE) -> None:
        """Detach a disk, for the boots to come; safe to repeat."""
        if (disk := self._disks.pop(device, None)) is not None:
            disk.close()

    def has_grown(self, device: str = DATA_DEVICE) -> None:
        """Tell a running box that a disk's image has become larger."""
        if device in self._disks:
            self._disks[device].resized()

    def boot(
        self, output: Callable[[bytes], None], ended: Callable[[int], None], folders: dict[str, Path] | None = None
    ) -> None:
        """Switch on. `folders` are bound into the box for reading, by their path inside."""
        if self.guest is not None:
            self.guest.wait()
        self._write_names()
        # Under its own name too: that is where programs look which read the kernel's list of disks.
        devices = {str(disk.path): disk.path for disk in self._disks.values()}
        devices |= {f"/dev/disk/by-id/google-{name}": disk.path for name, disk in self._disks.items()}
        birth = Birth(
            layers=self._layers,
            folder=self.folder,
            name=self.name,
            machine=f"gpubox-{self.network.slot}",
            network_fd=self.network.box.fd,
            devices=devices,
            folders=folders or {},
        )
        self.guest = Guest(birth, output, ended)

    def _write_names(self) -> None:
        hosts = f"127.0.0.1 localhost\n{METADATA_ADDRESS} metadata.google.internal metadata\n"
        self.put("/etc/hosts", f"{hosts}{self.network.address} {self.name}\n")
        self.put("/etc/hostname", f"{self.name}\n")
        self.put("/etc/resolv.conf", f"nameserver {RESOLVER}\n")

    def put(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file of the boot disk, as root; also while the box is off."""
        root = self.guest.root if self.guest is not None and self.guest.alive else None
        inside = Path(path.removeprefix("/"))
        if root is None:
            root = self.folder / "upper"
            self._like_below(inside.parent)
        file = root / inside
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(mode)

    def _like_below(self, inside: Path) -> None:
        """Make folders in the upper layer as they are in those below: overlayfs shows the upper one's mode."""
        upper = self.folder / "upper"
        upper.mkdir(parents=True, exist_ok=True)
        for part in [*reversed(inside.parents), inside]:
            folder = upper / part
            if folder.exists():
                continue
            folder.mkdir()
            below = next((layer / part for layer in self._layers if (layer / part).is_dir()), None)
            if below is not None:
                shutil.copystat(below, folder)
                shutil.chown(folder, below.stat().st_uid, below.stat().st_gid)

    def close(self) -> None:
        """End everything; the disks stay."""
        if self.guest is not None:
            self.guest.kill()
            self.guest = None
        for device in list(self._disks):
            self.detach(device)
        self.network.close()
