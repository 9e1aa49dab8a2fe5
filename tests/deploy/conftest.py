"""The image, built for real and started as root in namespaces of its own: without a Docker engine."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.containers import Container, Image, build_base, build_image

_PROGRAMS = ("podman", "debootstrap", "unshare", "nsenter", "ip")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "image: builds the container image; needs root, podman and debootstrap")


def _why_not() -> str | None:
    if os.geteuid() != 0:
        return "only root can build the image without a Docker engine"
    if missing := [program for program in _PROGRAMS if shutil.which(program) is None]:
        return f"not installed: {', '.join(missing)}"
    if subprocess.run(["unshare", "--net", "--mount", "true"], check=False, capture_output=True).returncode:  # noqa: S607
        return "namespaces are not allowed here"
    return None


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    if reason := _why_not():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="gpubox-"))  # podman refuses long paths
    try:
        kept = os.environ.get("GPUBOX_TEST_BASE")  # a base.tar made before, for whoever works on these tests
        base = Path(kept) if kept else build_base(folder)
        with build_image(folder, base) as image:
            yield image
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def container(image: Image, tmp_path: Path) -> Iterator[Container]:
    with Container(image, tmp_path / "data") as container:
        yield container


@pytest.fixture(scope="session")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Caddy from the PATH, or taken out of Debian's package without installing a server on this machine."""
    if found := shutil.which("caddy"):
        return found
    if shutil.which("apt-get") is None:
        pytest.skip("caddy is not installed")
    folder = tmp_path_factory.mktemp("caddy")
    download = ["apt-get", "-q", "download", "caddy"]
    got = subprocess.run(download, cwd=folder, check=False, capture_output=True, timeout=120)  # noqa: S603 - as it stands
    packages = list(folder.glob("caddy_*.deb"))
    if got.returncode or not packages:
        pytest.skip("caddy is not installed, and Debian's package could not be had")
    unpack = ["dpkg-deb", "-x", str(packages[0]), str(folder)]
    subprocess.run(unpack, check=True, capture_output=True, timeout=60)  # noqa: S603 - as it stands
    return str(folder / "usr/bin/caddy")
