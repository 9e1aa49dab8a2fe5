"""From an instance as Google describes it to what the program sees."""

from datetime import UTC, datetime, timedelta

import pytest

from manager.adapters.gce import backstop, blueprint, metadata, observing
from manager.application.ports import BoxSpec
from manager.domain.box import Disk, Machine, Scheduling
from tests.adapters.gce.conftest import PLACE
from tests.adapters.gce.stub import Json

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ZONE = "https://www.googleapis.com/compute/v1/projects/studio/zones/us-west1-b"
RUNNING: Json = {
    "id": "5120394857",
    "name": "comfyui",
    "status": "RUNNING",
    "machineType": f"{ZONE}/machineTypes/n1-standard-4",
    "guestAccelerators": [{"acceleratorType": f"{ZONE}/acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 1}],
    "disks": [
        {"source": f"{ZONE}/disks/comfyui", "diskSizeGb": "50", "boot": True},
        {"source": f"{ZONE}/disks/comfyui-data", "diskSizeGb": "200"},
        {"type": "SCRATCH", "diskSizeGb": "375"},
    ],
    "networkInterfaces": [{"networkIP": "10.138.0.2", "accessConfigs": [{"natIP": "34.82.1.2"}]}],
    "metadata": {"fingerprint": "abc=", "items": [{"key": "domain_name", "value": "gpu.example.com"}, {"key": "flag"}]},
    "scheduling": {
        "automaticRestart": False,
        "onHostMaintenance": "TERMINATE",
        "provisioningModel": "STANDARD",
        "maxRunDuration": {"seconds": "43200"},
        "instanceTerminationAction": "STOP",
    },
    "resourceStatus": {"scheduling": {"terminationTimestamp": "2026-11-02T12:00:00.500-08:00"}},
    "lastStartTimestamp": "2026-11-02T00:00:00.123-08:00",
    "lastStopTimestamp": "2026-11-01T18:00:00.000-08:00",
}
KINDS = {f"{ZONE}/disks/comfyui": "pd-balanced", f"{ZONE}/disks/comfyui-data": "pd-ssd"}


def test_a_running_box_is_read_in_full() -> None:
    seen = observing.observation(RUNNING, KINDS, AT)
    assert seen.at == AT
    assert seen.status == "RUNNING"
    assert seen.external_ip == "34.82.1.2"
    assert seen.metadata == {"domain_name": "gpu.example.com", "flag": ""}
    assert seen.scheduling == Scheduling(timedelta(hours=12))


def test_a_machine_is_told_by_short_names_without_what_is_no_persistent_disk() -> None:
    assert observing.machine(RUNNING, KINDS) == Machine(
        "n1-standard-4", "nvidia-tesla-t4", 1, disks=(Disk("pd-balanced", 50), Disk("pd-ssd", 200))
    )


def test_times_with_californias_offset_are_told_in_utc() -> None:
    seen = observing.observation(RUNNING, KINDS, AT)
    assert seen.started_at == datetime(2026, 11, 2, 8, 0, 0, 123000, tzinfo=UTC)
    assert seen.stopped_at == datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
    assert seen.run_limit_at == datetime(2026, 11, 2, 20, 0, 0, 500000, tzinfo=UTC)


def test_a_status_that_was_not_invented_yet_survives() -> None:
    assert observing.observation({"status": "DREAMING"}, {}, AT).status == "DREAMING"


def test_an_instance_that_says_nothing_of_its_scheduling_has_googles_defaults() -> None:
    assert observing.scheduling({}) == Scheduling(None, "STOP", automatic_restart=True, on_host_maintenance="MIGRATE")


@pytest.mark.parametrize("setting", [{"provisioningModel": "SPOT"}, {"preemptible": True}])
def test_spot_machines_are_known_by_either_word(setting: Json) -> None:
    assert observing.machine({"scheduling": setting}, {}).spot


@pytest.mark.parametrize("text", [None, "", "yesterday"])
def test_a_moment_that_cannot_be_read_is_none(text: str | None) -> None:
    assert observing.moment(text) is None


def test_a_box_without_an_external_address_has_none() -> None:
    assert observing.external_ip({"networkInterfaces": [{"networkIP": "10.0.0.2"}, {"accessConfigs": [{}]}]}) is None


def test_a_box_tells_its_ipv6_address_and_its_tags() -> None:
    outside = {"ipv6AccessConfigs": [{"type": "DIRECT_IPV6", "externalIpv6": "2600:1900:4000:1::", "name": "v6"}]}
    dual: Json = {"status": "RUNNING", "networkInterfaces": [outside], "tags": {"items": ["gpubox"]}}
    seen = observing.observation(dual, {}, AT)
    assert (seen.external_ip, seen.external_ipv6, seen.tags) == (None, "2600:1900:4000:1::", ("gpubox",))
    assert observing.external_ipv6(RUNNING) is None


def test_the_backstop_keeps_how_the_vm_is_provisioned() -> None:
    current: Json = {"provisioningModel": "SPOT", "preemptible": True, "automaticRestart": True, "terminationTime": "x"}
    assert backstop.merged(current, Scheduling(timedelta(seconds=90.2))) == {
        "provisioningModel": "SPOT",
        "preemptible": True,
        "automaticRestart": False,
        "onHostMaintenance": "TERMINATE",
        "maxRunDuration": {"seconds": "91"},
        "instanceTerminationAction": "STOP",
    }


def test_without_a_run_limit_only_a_spot_vm_keeps_an_action_at_its_end() -> None:
    spot: Json = {"provisioningModel": "SPOT", "instanceTerminationAction": "DELETE"}
    assert backstop.merged(spot, Scheduling(None))["instanceTerminationAction"] == "STOP"
    standard: Json = {"maxRunDuration": {"seconds": "60"}, "instanceTerminationAction": "STOP"}
    assert backstop.merged(standard, Scheduling(None)) == {"automaticRestart": False, "onHostMaintenance": "TERMINATE"}


def test_merging_metadata_keeps_the_fingerprint_and_every_key() -> None:
    assert metadata.merged(RUNNING["metadata"], {"flag": "on", "new": "1"}) == {
        "fingerprint": "abc=",
        "items": [
            {"key": "domain_name", "value": "gpu.example.com"},
            {"key": "flag", "value": "on"},
            {"key": "new", "value": "1"},
        ],
    }


def test_a_new_box_can_be_neither_deleted_nor_restarted_unseen_and_its_data_disk_stays() -> None:
    spec = BoxSpec("n1-standard-4", "data", "gpubox", gpu="nvidia-tesla-t4", max_run=timedelta(hours=12))
    made = blueprint.instance(PLACE, spec)
    assert made["deletionProtection"] is True
    assert made["scheduling"] == {
        "automaticRestart": False,
        "onHostMaintenance": "TERMINATE",
        "maxRunDuration": {"seconds": "43200"},
        "instanceTerminationAction": "STOP",
    }
    assert [(disk["boot"], disk["autoDelete"], disk.get("deviceName")) for disk in made["disks"]] == [
        (True, True, None),
        (False, False, "persistent-comfyui"),
    ]
    assert "serviceAccounts" not in made


def test_a_new_spot_box_stops_where_it_is_preempted() -> None:
    made = blueprint.instance(PLACE, BoxSpec("g2-standard-4", "data", "gpubox", spot=True, service_account="me@x.com"))
    assert made["scheduling"]["provisioningModel"] == "SPOT"
    assert made["scheduling"]["instanceTerminationAction"] == "STOP"
    assert made["serviceAccounts"] == [
        {"email": "me@x.com", "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}
    ]
    assert "guestAccelerators" not in made
