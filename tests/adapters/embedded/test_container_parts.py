"""What machines in containers are made of, as far as it needs no root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from manager.adapters.embedded.content import copy_content, size_of
from manager.adapters.embedded.machines.container import network, prerequisites
from manager.adapters.embedded.machines.container.disk import sparse_image
from manager.adapters.embedded.machines.container.machine import address_pool
from manager.adapters.embedded.machines.container.recipe import Recipe


def test_without_root_machines_cannot_be_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert prerequisites.missing() == "EMBEDDED_MACHINE=container needs root."


def test_packages_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nonexistent")
    said = prerequisites.missing()
    assert said is not None
    assert said.startswith("EMBEDDED_MACHINE=container needs Debian's packages: apt-get install ")
    assert {"debootstrap", "slirp4netns", "systemd-container"} <= set(said.split())


def test_a_cloud_that_cannot_have_containers_ends_at_once_with_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "manager.adapters.embedded", "--machine", "container", "--state-dir", tmp_path]
    ended = subprocess.run(  # noqa: S603 - this program
        command, env={"PATH": "/nonexistent"}, capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("gpubox cloud: EMBEDDED_MACHINE=container needs ")


def test_a_recipe_with_further_packages_is_another_layer_over_the_same_base() -> None:
    plain, more = Recipe(), Recipe(("xfsprogs", "certbot"))
    assert plain.base_digest == more.base_digest
    assert more.extra_digest == Recipe(("certbot", "xfsprogs", "certbot")).extra_digest
    assert more.extra_digest not in {Recipe(("certbot",)).extra_digest, plain.base_digest}


def test_each_start_is_offered_another_address_and_those_in_use_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("manager.adapters.embedded.machines.container.machine.is_taken", lambda slot: slot == 8)
    offered = list(address_pool(7))
    assert offered[:2] == [network.address_of(7), network.address_of(9)]
    assert offered[-1] == network.address_of(8)
    assert next(iter(address_pool(9))) == network.address_of(9)
    assert len(set(offered)) == 256


def test_an_image_takes_no_room_grows_and_never_shrinks(tmp_path: Path) -> None:
    image = tmp_path / "disk" / "data.img"
    sparse_image(image, 1024**3)
    assert image.stat().st_blocks == 0
    sparse_image(image, 2 * 1024**3)
    sparse_image(image, 1024)
    assert image.stat().st_size == 2 * 1024**3


def test_a_copied_disk_keeps_its_holes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    sparse_image(source / "data.img", 1024**3)
    with (source / "data.img").open("r+b") as image:
        image.seek(4096)
        image.write(b"here")
    copy_content(source, tmp_path / "copies" / "one")
    copied = tmp_path / "copies" / "one" / "data.img"
    assert copied.stat().st_size == 1024**3
    assert size_of(copied.parent) < 1024**2
    with copied.open("rb") as image:
        image.seek(4096)
        assert image.read(4) == b"here"
