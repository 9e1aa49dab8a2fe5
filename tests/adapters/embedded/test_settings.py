"""What may be set on an instance, when, and what Google refuses."""

import pytest

from tests.adapters.embedded.conftest import Caller, HeldClock, box

_REQUEST = "6f1d2c1e-0000-4000-8000-000000000001"


@pytest.fixture
def stopped(call: Caller, clock: HeldClock) -> Caller:
    call.insert()
    call.post("/instances/gpubox/stop")
    clock.pass_(60)
    return call


def _reason(answer: object) -> str:
    return answer.json()["error"]["errors"][0]["reason"]  # type: ignore[attr-defined]


def test_metadata_is_replaced_as_a_whole_with_the_current_fingerprint(stopped: Caller) -> None:
    old = stopped.instance()["metadata"]["fingerprint"]
    items = [{"key": "domain_name", "value": "comfy.example.com"}]
    assert stopped.post("/instances/gpubox/setMetadata", {"fingerprint": old, "items": items}).status_code == 200
    metadata = stopped.instance()["metadata"]
    assert metadata["items"] == items
    assert metadata["fingerprint"] != old


def test_a_stale_fingerprint_is_refused_with_412(stopped: Caller) -> None:
    refused = stopped.post("/instances/gpubox/setMetadata", {"fingerprint": "AAAAAAAAAAA=", "items": []})
    assert (refused.status_code, _reason(refused)) == (412, "conditionNotMet")
    assert stopped.instance()["metadata"]["items"]


@pytest.mark.parametrize(
    "items",
    [
        [{"key": "a" * 129, "value": "x"}],
        [{"key": "a", "value": "x"}, {"key": "a", "value": "y"}],
        [{"key": "a", "value": "x" * (256 * 1024 + 1)}],
        [{"key": f"k{n}", "value": "x" * 200_000} for n in range(3)],
    ],
)
def test_oversized_or_doubled_metadata_is_refused(stopped: Caller, items: list[dict[str, str]]) -> None:
    fingerprint = stopped.instance()["metadata"]["fingerprint"]
    refused = stopped.post("/instances/gpubox/setMetadata", {"fingerprint": fingerprint, "items": items})
    assert (refused.status_code, _reason(refused)) == (400, "invalid")


def test_scheduling_is_set_only_while_terminated(stopped: Caller, clock: HeldClock) -> None:
    wanted = {
        "automaticRestart": False,
        "onHostMaintenance": "TERMINATE",
        "maxRunDuration": {"seconds": "43200"},
        "instanceTerminationAction": "STOP",
    }
    assert stopped.post("/instances/gpubox/setScheduling", wanted).status_code == 200
    assert stopped.instance()["scheduling"].items() >= wanted.items()
    stopped.post("/instances/gpubox/start")
    clock.pass_(30)
    refused = stopped.post("/instances/gpubox/setScheduling", wanted)
    assert refused.status_code == 400
    assert "TERMINATED" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    "scheduling",
    [
        {"onHostMaintenance": "MIGRATE"},
        {"onHostMaintenance": "TERMINATE", "maxRunDuration": {"seconds": "10"}, "instanceTerminationAction": "STOP"},
        {"onHostMaintenance": "TERMINATE", "maxRunDuration": {"seconds": "3600"}},
        {"onHostMaintenance": "TERMINATE", "provisioningModel": "SPOT", "automaticRestart": True},
    ],
)
def test_impossible_scheduling_is_refused(stopped: Caller, scheduling: dict[str, object]) -> None:
    assert stopped.post("/instances/gpubox/setScheduling", scheduling).status_code == 400


def test_machine_type_and_gpus_are_changed_only_while_terminated(stopped: Caller, clock: HeldClock) -> None:
    assert stopped.post("/instances/gpubox/setMachineType", {"machineType": "zones/z/machineTypes/n1-standard-8"})
    assert stopped.post("/instances/gpubox/setMachineResources", {"guestAccelerators": []}).status_code == 200
    instance = stopped.instance()
    assert instance["machineType"].endswith("/n1-standard-8")
    assert instance["guestAccelerators"] == []
    stopped.post("/instances/gpubox/start")
    clock.pass_(30)
    assert stopped.post("/instances/gpubox/setMachineType", {"machineType": "n1-standard-4"}).status_code == 400


def test_a_service_account_is_set_only_while_terminated(stopped: Caller, clock: HeldClock) -> None:
    scope = "https://www.googleapis.com/auth/cloud-platform"
    account = {"email": "box@studio.iam.gserviceaccount.com", "scopes": [scope]}
    assert stopped.post("/instances/gpubox/setServiceAccount", account).status_code == 200
    assert stopped.instance()["serviceAccounts"] == [account]
    assert stopped.post("/instances/gpubox/setServiceAccount", {}).status_code == 200
    assert not stopped.instance().get("serviceAccounts")
    stopped.post("/instances/gpubox/start")
    clock.pass_(30)
    assert stopped.post("/instances/gpubox/setServiceAccount", account).status_code == 400


def test_tags_labels_and_protection_can_be_set(stopped: Caller) -> None:
    instance = stopped.instance()
    tags = {"items": ["gpubox"], "fingerprint": instance["tags"]["fingerprint"]}
    labels = {"labels": {"team": "art"}, "labelFingerprint": instance["labelFingerprint"]}
    assert stopped.post("/instances/gpubox/setTags", tags).status_code == 200
    assert stopped.post("/instances/gpubox/setLabels", labels).status_code == 200
    assert stopped.post("/instances/gpubox/setTags", tags).status_code == 412
    assert stopped.post("/instances/gpubox/setDeletionProtection", deletionProtection="true").status_code == 200
    changed = stopped.instance()
    assert (changed["tags"]["items"], changed["labels"]) == (["gpubox"], {"team": "art"})
    assert changed["deletionProtection"] is True


def test_the_same_request_id_is_one_operation(stopped: Caller) -> None:
    first = stopped.post("/instances/gpubox/start", requestId=_REQUEST).json()
    second = stopped.post("/instances/gpubox/start", requestId=_REQUEST).json()
    assert first["name"] == second["name"]
    assert second["clientOperationId"] == _REQUEST
    assert len(stopped.get("/operations", filter=f"clientOperationId={_REQUEST}")["items"]) == 1


@pytest.mark.parametrize("request_id", ["00000000-0000-0000-0000-000000000000", "start-1"])
def test_a_request_id_that_is_no_uuid_or_all_zeros_is_refused(stopped: Caller, request_id: str) -> None:
    assert stopped.post("/instances/gpubox/start", requestId=request_id).status_code == 400
    assert stopped.status() == "TERMINATED"


def test_a_box_is_not_created_twice(call: Caller) -> None:
    call.insert()
    refused = call.insert()
    assert (refused.status_code, _reason(refused)) == (409, "alreadyExists")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"machineType": "zones/us-west1-b/machineTypes/n9-standard-4"}, 404),
        ({"guestAccelerators": [{"acceleratorType": "nvidia-b200", "acceleratorCount": 1}]}, 404),
        ({"disks": []}, 400),
        ({"disks": [{"boot": True, "source": "zones/us-west1-b/disks/nowhere"}]}, 404),
        ({"name": "Not-A-Name"}, 400),
        ({"scheduling": {}}, 400),
    ],
)
def test_what_cannot_be_is_not_created(call: Caller, changed: dict[str, object], status: int) -> None:
    assert call.insert(**changed).status_code == status
    assert "items" not in call.get("/instances")
    assert "items" not in call.get("/disks")


def test_disks_are_attached_and_detached(stopped: Caller) -> None:
    stopped.post("/disks", {"name": "data", "sizeGb": "10"})
    attach = {"source": "zones/us-west1-b/disks/data", "deviceName": "data"}
    assert stopped.post("/instances/gpubox/attachDisk", attach).status_code == 200
    assert stopped.get("/disks/data")["users"]
    assert stopped.post("/instances/gpubox/attachDisk", attach).status_code == 400
    assert stopped.http.delete(f"{stopped.zone}/disks/data").status_code == 400
    stopped.post("/instances/gpubox/setDiskAutoDelete", deviceName="data", autoDelete="true")
    assert stopped.instance()["disks"][1]["autoDelete"] is True
    assert stopped.post("/instances/gpubox/detachDisk", deviceName="data").status_code == 200
    assert len(stopped.instance()["disks"]) == len(box()["disks"])


def test_guest_attributes_are_404_until_written_and_without_leave(stopped: Caller) -> None:
    missing = stopped.get("/instances/gpubox/getGuestAttributes", queryPath="gpubox/")
    assert missing["error"]["message"] == "The resource 'gpubox/' of type 'Guest Attribute' was not found."
    written = {"namespace": "gpubox", "key": "boot", "value": "ready"}
    stopped.admin("PUT", "guest-attributes/gpubox", written)
    shown = stopped.get("/instances/gpubox/getGuestAttributes", queryPath="gpubox/")
    assert shown["queryValue"]["items"] == [written]
    assert stopped.get("/instances/gpubox/getGuestAttributes", variableKey="gpubox/boot")["variableValue"] == "ready"
    fingerprint = stopped.instance()["metadata"]["fingerprint"]
    stopped.post("/instances/gpubox/setMetadata", {"fingerprint": fingerprint, "items": []})
    assert "error" in stopped.get("/instances/gpubox/getGuestAttributes", queryPath="gpubox/")
    refused = stopped.http.put("/_gpubox/guest-attributes/gpubox", json=written)
    assert refused.status_code == 403
