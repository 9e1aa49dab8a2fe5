"""The embedded cloud with machines that are containers: Google's API on the outside, systemd on the inside."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from manager.adapters.embedded.clock import wall_clock
from manager.adapters.embedded.machines.command import ComfyUi
from manager.adapters.embedded.machines.container.machine import address_pool
from manager.adapters.embedded.machines.container.prerequisites import missing
from manager.adapters.embedded.machines.container.recipe import Recipe
from manager.adapters.embedded.machines.container.rootfs import layers
from manager.adapters.embedded.server import factory
from manager.adapters.embedded.thread import CloudThread
from tests.adapters.embedded.conftest import Caller
from tests.support.container import CONTAINER_MARKS

pytestmark = CONTAINER_MARKS

_PATIENCE_SECONDS = 60.0
# It serves a count of its boots, and does what the attribute `order` says, once.
_SCRIPT = """#!/bin/bash
disk=/dev/disk/by-id/google-persistent-comfyui
blkid "$disk" || mkfs.ext4 -q "$disk"
mount "$disk" /mnt
echo "boot" >> /mnt/boots
cp /mnt/boots /var/www/html/boots
systemctl start nginx
metadata=http://metadata.google.internal/computeMetadata/v1/instance
curl -sf -X PUT -H 'Metadata-Flavor: Google' --data ready "$metadata/guest-attributes/gpubox/boot"
order() { curl -sf -H 'Metadata-Flavor: Google' "$metadata/attributes/order?$1"; }
new() { [ "$1" != wait ] && [ "$1" != "$(cat /mnt/done)" ]; }
until what=$(order) && new "$what"; do order 'wait_for_change=true&timeout_sec=1' >/dev/null || sleep 0.1; done
echo "$what" > /mnt/done
sync -f /mnt
systemctl "$what"
"""


def _eventually(holds: Callable[[], object], what: str) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.05)


@pytest.fixture(autouse=True, scope="module")
def boot_disk() -> None:
    if why := missing():
        pytest.skip(why)
    layers(Recipe())


@pytest.fixture
def served(serve: Callable[..., CloudThread]) -> CloudThread:
    return serve(speed=0, make=factory(ComfyUi(), "container"), clock=wall_clock, pool=address_pool)


def _insert(call: Caller) -> None:
    metadata = {"startup-script": _SCRIPT, "enable-guest-attributes": "TRUE", "order": "wait"}
    items = [{"key": key, "value": value} for key, value in metadata.items()]
    source = {"initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"}}
    disks: list[dict[str, Any]] = [
        {"boot": True, "autoDelete": True, **source},
        {"deviceName": "persistent-comfyui", "initializeParams": {"diskSizeGb": "10"}},
    ]
    answer = call.insert(metadata={"items": items}, disks=disks)
    assert answer.status_code == 200, answer.text


def _order(call: Caller, order: str) -> None:
    metadata = call.instance()["metadata"]
    for item in metadata["items"]:
        if item["key"] == "order":
            item["value"] = order
    assert call.post("/instances/gpubox/setMetadata", metadata).status_code == 200


def _boots(call: Caller) -> int:
    """How often it booted, as the box itself says at its external address; 0 where it does not answer."""
    address = _address(call)
    with contextlib.suppress(httpx.TransportError):
        answer = httpx.get(f"http://{address}/boots", timeout=1, trust_env=False)
        return answer.text.count("boot") if answer.status_code == 200 else 0
    return 0


def _address(call: Caller) -> str | None:
    return call.instance()["networkInterfaces"][0]["accessConfigs"][0].get("natIP")


def _guest_attributes(call: Caller) -> dict[str, dict[str, str]]:
    return call.admin("GET", "guest-attributes/gpubox")


def _operations(call: Caller) -> list[str]:
    return [operation["operationType"] for operation in call.get("/operations")["items"]]


def test_a_started_box_boots_runs_its_script_and_answers_at_its_external_address(call: Caller) -> None:
    _insert(call)

    _eventually(lambda: _boots(call) == 1, "the box answers at its address")
    _eventually(lambda: _guest_attributes(call).get("gpubox") == {"boot": "ready"}, "it tells so")
    assert "google_metadata_script_runner" in call.get("/instances/gpubox/serialPort")["contents"]


def test_a_box_that_powers_itself_off_is_terminated_and_its_disks_are_as_they_were(call: Caller) -> None:
    _insert(call)
    _eventually(lambda: _boots(call) == 1, "the box answers")

    _order(call, "poweroff")

    _eventually(lambda: call.status() == "TERMINATED", "the instance is terminated")
    assert "compute.instances.guestTerminate" in _operations(call)
    call.post("/instances/gpubox/start")
    _eventually(lambda: _boots(call) == 2, "the box boots again, with what it wrote before")


def test_a_box_that_restarts_itself_stays_running(call: Caller) -> None:
    _insert(call)
    _eventually(lambda: _boots(call) == 1, "the box answers")

    _order(call, "reboot")

    _eventually(lambda: _boots(call) == 2, "the box boots again")
    assert call.status() == "RUNNING"
    assert "compute.instances.guestTerminate" not in _operations(call)


def test_a_stop_reaches_the_guest_and_frees_what_it_had(call: Caller, tmp_path: Path) -> None:
    _insert(call)
    _eventually(lambda: _boots(call) == 1, "the box answers")

    address = _address(call)

    call.post("/instances/gpubox/stop")

    _eventually(lambda: call.status() == "TERMINATED", "the instance is terminated")
    _eventually(lambda: not _left(tmp_path, address, os.getpid()), "nothing of the box is left")


@pytest.mark.parametrize(("action", "answers"), [("hang", False), ("halt", False)])
def test_a_box_that_hangs_or_halts_answers_nobody_and_bills(call: Caller, action: str, answers: bool) -> None:
    _insert(call)
    _eventually(lambda: _boots(call) == 1, "the box answers")

    call.admin("POST", "machines/gpubox", {"action": action})

    _eventually(lambda: bool(_boots(call)) is answers, "it answers no more")
    assert call.status() == "RUNNING"
    if action == "hang":
        call.admin("POST", "machines/gpubox", {"action": "wake"})
        _eventually(lambda: _boots(call) == 1, "it answers again")


def test_a_snapshot_of_a_data_disk_keeps_its_content_and_its_holes(call: Caller, tmp_path: Path) -> None:
    _insert(call)
    _eventually(lambda: _boots(call) == 1, "the box answers")
    _order(call, "poweroff")
    _eventually(lambda: call.status() == "TERMINATED", "the instance is terminated")

    assert call.post("/disks/gpubox-1/createSnapshot", {"name": "kept"}).status_code == 200

    [image] = (tmp_path / "cloud" / "snapshots").glob("*/data.img")
    assert image.stat().st_size == 10 * 1024**3
    assert image.stat().st_blocks * 512 < 1024**3
    assert "boot\n" in _said("debugfs", "-R", "cat /boots", str(image))


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Starts the embedded cloud as a process of its own, on the same state each time."""
    started: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "manager.adapters.embedded", "--speed", "0", "--machine", "container"]
        command += ["--state-dir", str(tmp_path / "cloud")]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def test_nothing_of_a_box_outlives_a_killed_cloud_and_the_next_one_boots_it_again(
    killable: Callable[[], "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    first = killable()
    call = Caller(_endpoint(first))
    _insert(call)
    _eventually(lambda: _boots(call) == 1, "the box answers")
    address = _address(call)
    assert _left(tmp_path, address, first.pid)

    call.http.close()

    os.kill(first.pid, signal.SIGKILL)
    first.wait()

    _eventually(lambda: not _left(tmp_path, address, first.pid), "nothing is left")
    call = Caller(_endpoint(killable()))
    assert _address(call) == address
    _eventually(lambda: _boots(call) == 2, "the box boots again on the same disks")
    call.http.close()


def _endpoint(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return str(httpx.Response(200, content=process.stdout.readline()).json()["endpoint"])


def _left(folder: Path, address: str | None, pid: int) -> list[str]:
    """What a cloud of that process and folder holds for a box at that address."""
    wire = f"gpubox{str(address).split('.')[2]}"
    found = [line for line in _said("losetup", "--all").splitlines() if str(folder) in line]
    found += [line for line in _said("ip", "-brief", "link").splitlines() if line.startswith(f"{wire}@")]
    found += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(folder) in line]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes().decode(errors="replace")
            if f"{folder}/cloud/disks" in command or ("slirp4netns" in command and f"/proc/{pid}/" in command):
                found.append(command)
    return found


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
