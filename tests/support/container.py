r"""A box that boots like the VM, without the cloud around it: systemd in a container, Google's own script runner in it.

    pytestmark = CONTAINER_MARKS

    def test_something(tmp_path):
        with container_box(tmp_path, metadata={"startup-script": "#!/bin/sh\necho hello"}) as box:
            box.boot()
            box.wait_for(lambda: "hello" in box.serial())

Where this computer cannot run containers, the test is skipped and says why. Needs root and Debian's packages; the
first use makes the boot disk (about a minute, kept in GPUBOX_ROOTFS_CACHE or /var/cache/gpubox/rootfs).
"""

import os
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from manager.adapters.embedded.machines.container.box import Box
from manager.adapters.embedded.machines.container.disk import sparse_image
from manager.adapters.embedded.machines.container.metadata_tree import Identity
from manager.adapters.embedded.machines.container.network import Network
from manager.adapters.embedded.machines.container.prerequisites import missing
from manager.adapters.embedded.machines.container.recipe import Recipe
from manager.adapters.embedded.machines.container.rootfs import CACHE, layers
from tests.support.beside import BoxSource
from tests.support.boxes import Completed, ContainerBox, copy_boot_disk

# Tests that boot a container bear these: the mark that script/test finds them by, and leave to reach the box.
CONTAINER_MARKS = [
    pytest.mark.container,
    pytest.mark.allow_hosts(["127.0.0.0/8", "::1", "localhost", "10.203.0.0/16"]),
]
GIB = 1024**3


@contextmanager
def container_box(
    folder: Path,
    *,
    metadata: Mapping[str, str] | None = None,
    disk: Path | str | None = "blank",
    disk_size: int = 20 * GIB,
    read_only: bool = False,
    boot_disk: Path | None = None,
    packages: Sequence[str] = (),
    name: str = "comfyui",
    internet: bool = True,
    token: str = "a-token-for-tests",  # noqa: S107 - no secret
) -> Generator[ContainerBox]:
    """A box that is off. Its disks lie in `folder`.

    Args:
        folder: an empty folder, e.g. tmp_path.
        metadata: its attributes; `enable-guest-attributes` is TRUE unless it says otherwise.
        disk: "blank" makes a sparse image, a path takes that image, None attaches none.
        disk_size: of the blank one, in bytes.
        read_only: attach the disk for reading only.
        boot_disk: what another box wrote to its own (`keep_boot_disk`); it is copied. None is a fresh one.
        packages: Debian's packages that its boot disk has besides those of `recipe.py`.
        name: the instance's name.
        internet: whether it reaches the internet from its first boot on.
        token: what its service account's access token is.
    """
    if why := missing():
        pytest.skip(why)
    cache = Path(os.environ.get("GPUBOX_ROOTFS_CACHE", CACHE))
    fresh = layers(Recipe(tuple(packages)), cache)
    image = folder / "data.img" if disk == "blank" else (None if disk is None else Path(disk))
    if disk == "blank" and image is not None:
        sparse_image(image, disk_size)
    with tempfile.TemporaryDirectory(prefix="gpubox-box-") as state:
        network = Network()
        identity = Identity(
            project="studio-123",
            number=123456789012,
            zone="us-central1-a",
            name=name,
            instance_id="4815162342108151623",
            machine_type="n1-standard-4",
            address=network.address,
            service_account="box@studio-123.iam.gserviceaccount.com",
            token=token,
        )
        attributes = {"enable-guest-attributes": "TRUE", **(metadata or {})}
        if boot_disk is not None:
            copy_boot_disk(boot_disk, Path(state) / "upper")
        box = Box(name, Path(state), fresh, network)
        with ExitStack() as stack:
            stack.callback(box.close)
            if image is not None:
                box.attach(image, read_only=read_only)
            if internet:
                network.restore()
            made = ContainerBox(name, box, BoxSource(identity, attributes), image)
            stack.callback(made.close)
            yield made


__all__ = ["CONTAINER_MARKS", "GIB", "Completed", "ContainerBox", "container_box"]
