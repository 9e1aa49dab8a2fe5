"""A container as a box: booted, told by metadata, powered off, cut off, and with its disks as they were."""

import subprocess
from pathlib import Path

import httpx

from tests.support.container import CONTAINER_MARKS, GIB, container_box

pytestmark = CONTAINER_MARKS

_METADATA = "http://metadata.google.internal/computeMetadata/v1/instance"
_DEVICE = "/dev/disk/by-id/google-persistent-comfyui"
_SCRIPT = f"""#!/bin/bash
echo hello from the script
curl -sf -X PUT -H 'Metadata-Flavor: Google' --data ready {_METADATA}/guest-attributes/gpubox/boot
"""

_MOUNT = """[Unit]
DefaultDependencies=no
After=local-fs-pre.target
[Mount]
What=/dev/disk/by-uuid/{uuid}
Where=/mnt
[Install]
WantedBy=local-fs.target
"""


def test_it_boots_and_google_s_runner_runs_the_startup_script(tmp_path: Path) -> None:
    with container_box(tmp_path, metadata={"startup-script": _SCRIPT}) as box:
        box.boot()

        said = box.wait_for_startup_script()

        assert "hello from the script" in said
        box.wait_for(lambda: "hello from the script" in box.serial())
        assert box.guest_attributes == {"boot": "ready"}
        assert [write[1:] for write in box.guest_writes] == [("gpubox", "boot", "ready")]
        assert box.run("systemctl is-system-running --wait").stdout.strip() == "running"
        assert box.run("hostname").stdout.strip() == "comfyui"


def test_guest_attributes_that_metadata_does_not_allow_are_refused(tmp_path: Path) -> None:
    with container_box(tmp_path, metadata={"enable-guest-attributes": "FALSE"}, disk=None) as box:
        box.boot()

        put = f"curl -s -o /dev/null -w '%{{http_code}}' -X PUT -H 'Metadata-Flavor: Google' -d x {_METADATA}"
        assert box.run(f"{put}/guest-attributes/gpubox/boot").stdout == "403"


def test_metadata_that_changes_is_seen_by_who_waits_for_it(tmp_path: Path) -> None:
    with container_box(tmp_path, metadata={"greeting": "hello"}, disk=None) as box:
        box.boot()
        ask = f"curl -sf -D /run/headers -H 'Metadata-Flavor: Google' '{_METADATA}/attributes/greeting"
        assert box.run(f"{ask}'").stdout == "hello"
        box.run(f"""(tag=$(sed -n 's/\\r//; s/^etag: //Ip' /run/headers)
            {ask}?wait_for_change=true&last_etag='"$tag" > /run/answer) >/dev/null 2>&1 & sleep 0.3""")
        assert box.run("cat /run/answer").stdout == ""

        box.metadata["greeting"] = "good evening"

        box.wait_for(lambda: box.run("cat /run/answer").stdout == "good evening")


def test_what_it_wrote_is_there_after_poweroff_reboot_and_power_cut(tmp_path: Path) -> None:
    with container_box(tmp_path) as box:
        box.put("/etc/before", "the first boot")
        box.boot()
        assert box.run("cat /etc/before").stdout == "the first boot"
        box.run(f"mkfs.ext4 -q {_DEVICE} && mount {_DEVICE} /mnt && echo data > /mnt/file && echo root > /root/file")

        box.poweroff()
        box.wait_for_poweroff()
        assert not box.is_running

        box.boot()
        box.run(f"mount {_DEVICE} /mnt && echo more >> /mnt/file")
        box.run("systemctl reboot", check=False)
        box.wait_for_reboot()
        assert box.run("cat /root/file").stdout == "root\n"
        box.run(f"mount {_DEVICE} /mnt && sync && cat /mnt/file")
        box.power_cut()
        assert not box.is_running

        box.boot()
        assert box.run(f"mount {_DEVICE} /mnt && cat /mnt/file /root/file").stdout == "data\nmore\nroot\n"


def test_a_power_cut_loses_what_was_not_on_the_data_disk_yet(tmp_path: Path) -> None:
    with container_box(tmp_path) as box:
        box.boot()
        box.run(f"mkfs.ext4 -q {_DEVICE} && mount {_DEVICE} /mnt && echo kept > /mnt/kept && sync -f /mnt")
        box.run("head -c 1000000 /dev/urandom > /mnt/lost")

        box.power_cut()

        box.boot()
        box.run(f"mount {_DEVICE} /mnt")
        assert box.run("cat /mnt/kept").stdout == "kept\n"
        assert box.run("stat -c %s /mnt/lost", check=False).stdout.strip() in {"", "0"}


def test_links_by_uuid_follow_the_disk(tmp_path: Path) -> None:
    with container_box(tmp_path) as box:
        box.boot()
        box.run(f"mkfs.ext4 -q -L models {_DEVICE}")
        uuid = box.run(f"blkid -p -o value -s UUID {_DEVICE}").stdout.strip()
        box.wait_for(lambda: box.run(f"test -b /dev/disk/by-uuid/{uuid}", check=False).returncode == 0)
        box.put("/etc/systemd/system/mnt.mount", _MOUNT.format(uuid=uuid))
        box.run("systemctl enable mnt.mount")
        box.poweroff()
        box.wait_for_poweroff()

        box.boot()

        box.wait_for(lambda: box.run("findmnt -no FSTYPE /mnt", check=False).stdout.strip() == "ext4")
        assert box.run("test -b /dev/disk/by-label/models && mount -o remount LABEL=models /mnt").returncode == 0


def test_the_disk_grows_while_it_runs(tmp_path: Path) -> None:
    with container_box(tmp_path, disk_size=GIB) as box:
        box.boot()

        box.grow_disk(3 * GIB)

        assert box.run(f"blockdev --getsize64 {_DEVICE}").stdout.strip() == str(3 * GIB)


def test_a_disk_for_reading_only_takes_no_writes(tmp_path: Path) -> None:
    with container_box(tmp_path, read_only=True) as box:
        box.boot()

        assert box.run(f"mkfs.ext4 -q {_DEVICE}", check=False).returncode != 0


def test_its_address_answers_and_the_way_out_can_be_cut(tmp_path: Path) -> None:
    with container_box(tmp_path, disk=None) as box:
        served = tmp_path / "served"
        served.mkdir()
        (served / "file").write_text("from beside the box")
        url = box.serve(served)
        box.boot()
        box.run("systemctl start nginx")
        box.wait_for(lambda: httpx.get(f"http://{box.address}/", trust_env=False).status_code == 200)
        resolves = "timeout 5 apt-get -q -o Acquire::Retries=0 update 2>&1 | grep -c '^Get:\\|^Hit:'"
        assert int(box.run(resolves, check=False).stdout) > 0

        box.cut_network()

        assert int(box.run(resolves, check=False).stdout) == 0
        assert box.run(f"curl -sf {url}/file").stdout == "from beside the box"
        assert httpx.get(f"http://{box.address}/", trust_env=False).status_code == 200

        box.restore_network()

        assert int(box.run(resolves, check=False).stdout) > 0


def test_the_metadata_server_can_fall_silent(tmp_path: Path) -> None:
    with container_box(tmp_path, disk=None) as box:
        box.boot()
        name = f"curl -sf -m 1 -H 'Metadata-Flavor: Google' {_METADATA}/name"

        box.cut_metadata()
        assert box.run(name, check=False).returncode != 0

        box.restore_metadata()
        box.wait_for(lambda: box.run(name, check=False).stdout == "comfyui")


def test_a_folder_of_this_computer_can_be_read_inside(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "file").write_text("from outside")
    with container_box(tmp_path, disk=None) as box:
        box.folders["/mnt/shared"] = shared
        box.boot()

        assert box.run("cat /mnt/shared/file").stdout == "from outside"
        assert box.run("touch /mnt/shared/file", check=False).returncode != 0


def test_a_boot_disk_can_have_further_packages(tmp_path: Path) -> None:
    with container_box(tmp_path, disk=None, packages=["xfsprogs"]) as box:
        box.boot()

        assert box.run("command -v mkfs.xfs").stdout
        assert box.run("systemctl is-system-running --wait").stdout.strip() == "running"


def test_two_boxes_run_at_once_and_nothing_of_them_is_left(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with container_box(tmp_path / "a") as first, container_box(tmp_path / "b", name="other") as second:
        first.boot()
        second.boot()
        assert first.address != second.address
        assert (first.run("hostname").stdout, second.run("hostname").stdout) == ("comfyui\n", "other\n")
        slots = [box.address.split(".")[2] for box in (first, second)]

    assert not any(f"gpubox{slot}@" in _said("ip", "-brief", "link") for slot in slots)
    assert str(tmp_path) not in _said("losetup", "--all")
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
