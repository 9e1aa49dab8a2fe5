"""A container as a box: booted, told by metadata, powered off, cut off, and with its disks as they were."""

from pathlib import Path

from tests.support.container import CONTAINER_MARKS, container_box

pytestmark = CONTAINER_MARKS

_SCRIPT = """#!/bin/bash
echo hello from the script
curl -sf -X PUT -H 'Metadata-Flavor: Google' --data ready \
  http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/gpubox/boot
"""


def test_it_boots_and_google_s_runner_runs_the_startup_script(tmp_path: Path) -> None:
    with container_box(tmp_path, metadata={"startup-script": _SCRIPT}) as box:
        box.boot()

        said = box.wait_for_startup_script()

        assert "hello from the script" in said
        assert box.guest_attributes == {"boot": "ready"}
        assert box.run("systemctl is-system-running --wait").stdout.strip() == "running"
