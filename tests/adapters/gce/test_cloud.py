"""The adapter against a whole Compute Engine over HTTP, with what goes wrong there; odd answers come from a stub."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from manager.adapters.embedded.thread import CloudThread
from manager.adapters.gce import GceBuilder, GceCloud
from manager.application.ports import BoxSpec
from manager.domain.box import Disk, Place, Scheduling
from manager.domain.errors import (
    ApiDisabled,
    BillingDisabled,
    CloudError,
    CloudRefused,
    Conflict,
    Fault,
    NoSuchResource,
    NotReadyYet,
    PermissionMissing,
    RateLimited,
)
from tests.adapters.gce.conftest import PLACE, REQUEST_ID, FakeTime, ManualClock
from tests.adapters.gce.stub import Answer, Asked, Json, Stub, refusal

STOP_ID = "0b7d4c1e-9e0b-4c29-8f0b-5d1f4f1f2a11"
SPEC = BoxSpec("n1-standard-4", "comfyui-data", "gpubox", gpu="nvidia-tesla-t4")
INSTANCE = "projects/studio/zones/us-west1-b/instances/comfyui"


@pytest.fixture
async def box(embedded: GceCloud, clock: ManualClock) -> Place:
    """A box that is off."""
    await GceBuilder(embedded.calls).create_box(PLACE, SPEC)
    clock.advance(minutes=1)
    return PLACE


async def started(cloud: GceCloud) -> int:
    """How often the box was really started."""
    return [each.kind for each in await cloud.recent_operations(PLACE, ManualClock().now())].count("start")


async def test_a_start_without_capacity_ends_in_a_stockout_with_the_zones_that_have_room(
    embedded: GceCloud, served: CloudThread, box: Place
) -> None:
    served.cloud.faults.add("stockout", zonesAvailable=["us-central1-a", "us-central1-f"])
    asked = await embedded.start(box, REQUEST_ID)
    operation = await embedded.operation(box, asked.name)
    assert operation is not None
    assert operation.done
    assert operation.fault == Fault(
        "stockout",
        {
            "zone": "us-west1-b",
            "machine": "n1-standard-4 with nvidia-tesla-t4",
            "zones": ["us-central1-a", "us-central1-f"],
        },
    )
    assert (await embedded.observe(box)).status == "TERMINATED"


async def test_a_start_beyond_the_quota_names_metric_limit_and_scope(
    embedded: GceCloud, served: CloudThread, box: Place
) -> None:
    served.cloud.faults.add("quota")
    operation = await embedded.start(box, REQUEST_ID)
    assert operation.fault == Fault("quota_exceeded", {"metric": "GPUS_ALL_REGIONS", "limit": "0", "scope": "global"})


async def test_an_operation_may_fail_without_an_http_status(
    embedded: GceCloud, served: CloudThread, box: Place
) -> None:
    served.cloud.faults.add("operation-error", code="INTERNAL_ERROR", message="Please try again.")
    operation = await embedded.start(box, REQUEST_ID)
    assert operation.fault == Fault("cloud_refused", {"reason": "INTERNAL_ERROR", "message": "Please try again."})


@pytest.mark.parametrize("fault", ["error-after", "lost-answer", "duplicate", "error-before"])
async def test_whatever_becomes_of_the_answer_a_box_is_started_once(
    embedded: GceCloud, served: CloudThread, box: Place, fault: str
) -> None:
    served.cloud.faults.add(fault, {"method": "instances.start"})
    operation = await embedded.start(box, REQUEST_ID)
    assert operation.fault is None
    assert await started(embedded) == 1
    assert (await embedded.observe(box)).status == "RUNNING"


async def test_a_start_whose_answer_never_came_is_found_by_its_request_id(
    embedded: GceCloud, served: CloudThread, box: Place, time: FakeTime
) -> None:
    served.cloud.faults.add("lost-answer", {"method": "instances.start"}, times=None)
    with pytest.raises(CloudError):
        await embedded.start(box, REQUEST_ID)
    found = await embedded.find_operation(box, REQUEST_ID)
    assert found is not None
    assert (found.kind, found.done) == ("start", True)
    assert await started(embedded) == 1
    assert time.slept


@pytest.mark.parametrize(
    ("fault", "parameters", "expected"),
    [
        (
            "permission-denied",
            {"permission": "compute.instances.start"},
            PermissionMissing(permission="compute.instances.start", resource=INSTANCE),
        ),
        ("api-disabled", {}, ApiDisabled(project="studio")),
        ("billing-disabled", {}, BillingDisabled(project="studio")),
    ],
)
async def test_a_refusal_is_told_at_once_and_by_its_name(
    embedded: GceCloud,
    served: CloudThread,
    box: Place,
    time: FakeTime,
    fault: str,
    parameters: dict[str, Any],
    expected: CloudError,
) -> None:
    served.cloud.faults.add(fault, {"method": "instances.start"}, **parameters)
    time.slept.clear()
    with pytest.raises(type(expected)) as caught:
        await embedded.start(box, REQUEST_ID)
    assert caught.value.data == expected.data
    assert time.slept == []


@pytest.mark.parametrize("status", [429, 403])
async def test_a_rate_limit_is_waited_out(
    embedded: GceCloud, served: CloudThread, box: Place, time: FakeTime, status: int
) -> None:
    time.slept.clear()
    served.cloud.faults.add("rate-limit", {"method": "instances.get"}, times=3, status=status)
    await embedded.observe(box)
    assert time.slept == [0.5, 1, 2]


async def test_a_rate_limit_that_does_not_end_is_told(embedded: GceCloud, served: CloudThread, box: Place) -> None:
    served.cloud.faults.add("rate-limit", {"method": "instances.get"}, times=None)
    with pytest.raises(RateLimited):
        await embedded.observe(box)


async def test_a_zone_that_is_not_there_is_named(place: Place, google: GceCloud, stub: Stub) -> None:
    stub.on("/comfyui", refusal(400, "invalid", "Invalid value for field 'zone': 'us-west1'. Unknown zone."))
    with pytest.raises(NoSuchResource) as caught:
        await google.observe(place)
    assert caught.value.data == {"kind": "zone", "name": "us-west1"}


async def test_writers_that_race_lose_nothing_of_each_other(
    embedded: GceCloud, served: CloudThread, box: Place, clock: ManualClock
) -> None:
    other = GceCloud(clock, served.endpoint)
    await asyncio.gather(
        *(
            cloud.write_metadata(box, {f"{name}-{number}": "1"})
            for name, cloud in (("a", embedded), ("b", other))
            for number in range(3)
        )
    )
    other.close()
    assert len((await embedded.observe(box)).metadata) == 6


async def test_metadata_that_was_changed_between_is_read_and_merged_again(
    place: Place, google: GceCloud, stub: Stub
) -> None:
    def instance(fingerprint: str, *items: Json) -> Answer:
        return Answer({"status": "TERMINATED", "metadata": {"fingerprint": fingerprint, "items": list(items)}})

    stale = refusal(412, "conditionNotMet", "Supplied fingerprint does not match current metadata fingerprint.")
    theirs = {"key": "theirs", "value": "1"}
    stub.on("/comfyui", instance("a="), instance("b=", theirs))
    stub.on("/setMetadata", stale, Answer({"name": "operation-1", "status": "DONE"}))
    await google.write_metadata(place, {"ours": "1"})
    assert [asked.body for asked in stub.asked_for("/setMetadata")] == [
        {"fingerprint": "a=", "items": [{"key": "ours", "value": "1"}]},
        {"fingerprint": "b=", "items": [theirs, {"key": "ours", "value": "1"}]},
    ]


async def test_metadata_that_changes_faster_than_it_can_be_read_is_a_conflict(
    place: Place, google: GceCloud, stub: Stub
) -> None:
    stub.on("/comfyui", Answer({"status": "TERMINATED", "metadata": {"fingerprint": "a="}}))
    stub.on("/setMetadata", refusal(412, "conditionNotMet", "Supplied fingerprint does not match."))
    with pytest.raises(Conflict):
        await google.write_metadata(place, {"ours": "1"})
    assert len(stub.asked_for("/setMetadata")) == 6


async def test_a_412_that_is_a_policy_is_not_tried_again(place: Place, google: GceCloud, stub: Stub) -> None:
    stub.on("/comfyui", Answer({"status": "TERMINATED", "metadata": {"fingerprint": "a="}}))
    stub.on("/setMetadata", refusal(412, "conditionNotMet", "Constraint constraints/compute.x violated for project 1."))
    with pytest.raises(CloudRefused):
        await google.write_metadata(place, {"ours": "1"})
    assert len(stub.asked_for("/setMetadata")) == 1


async def test_metadata_that_is_there_already_is_not_written(
    embedded: GceCloud, box: Place, clock: ManualClock
) -> None:
    await embedded.write_metadata(box, {"a": "1", "b": "2"})
    clock.advance(minutes=1)
    await embedded.write_metadata(box, {"b": "2"})
    assert await embedded.recent_operations(box, clock.now()) == []


async def test_the_run_limit_is_not_set_again_where_it_stands(
    embedded: GceCloud, box: Place, clock: ManualClock
) -> None:
    await embedded.set_scheduling(box, Scheduling(timedelta(hours=12)))
    clock.advance(minutes=1)
    await embedded.set_scheduling(box, Scheduling(timedelta(hours=12)))
    assert await embedded.recent_operations(box, clock.now()) == []


async def test_the_run_limit_cannot_be_set_while_a_box_runs(embedded: GceCloud, box: Place) -> None:
    await embedded.start(box, REQUEST_ID)
    with pytest.raises(CloudRefused) as caught:
        await embedded.set_scheduling(box, Scheduling(timedelta(hours=12)))
    assert caught.value.data["reason"] == "invalidResourceUsage"


async def test_a_run_limit_that_does_not_stand_after_it_was_set_is_a_conflict(
    place: Place, google: GceCloud, stub: Stub
) -> None:
    limited = {"maxRunDuration": {"seconds": "60"}, "automaticRestart": False, "onHostMaintenance": "TERMINATE"}
    stub.on("/comfyui", Answer({"status": "TERMINATED", "scheduling": limited}))
    stub.on("/setScheduling", Answer({"name": "operation-1", "status": "DONE"}))
    with pytest.raises(Conflict):
        await google.set_scheduling(place, Scheduling(None))


async def test_a_start_while_a_box_is_stopping_can_be_made_later(tmp_path: Path, clock: ManualClock) -> None:
    with CloudThread(tmp_path / "slow", clock=clock, speed=1.0) as served:
        time = FakeTime()

        async def sleep(seconds: float) -> None:
            clock.advance(seconds=max(seconds, 1))
            await time.sleep(seconds)

        pace = time.pace()
        cloud = GceCloud(clock, served.endpoint, pace=type(pace)(sleep, pace.monotonic, pace.jitter))
        ticking = asyncio.create_task(_tick(clock))
        await GceBuilder(cloud.calls).create_box(PLACE, SPEC)
        ticking.cancel()
        clock.advance(minutes=2)
        await cloud.start(PLACE, REQUEST_ID)
        assert (await cloud.observe(PLACE)).status == "PROVISIONING"
        clock.advance(minutes=2)
        operation = await cloud.stop(PLACE, STOP_ID)
        assert not operation.done
        assert (await cloud.observe(PLACE)).status == "STOPPING"
        with pytest.raises(NotReadyYet):
            await cloud.start(PLACE, "3c2b6a54-5a66-4b53-9a3c-1f0f6a4e9d21")
        cloud.close()


async def _tick(clock: ManualClock) -> None:
    """Let the cloud's time run while an operation is waited for on the server."""
    while True:
        await asyncio.sleep(0.01)
        clock.advance(seconds=5)


async def test_the_disks_tell_their_type_and_are_asked_for_it_once(place: Place, google: GceCloud, stub: Stub) -> None:
    zone = "https://compute.googleapis.com/compute/v1/projects/studio/zones/us-west1-b"
    disks = [
        {"source": f"{zone}/disks/root", "diskSizeGb": "50"},
        {"source": f"{zone}/disks/data", "diskSizeGb": "200"},
    ]
    stub.on("/comfyui", Answer({"status": "RUNNING", "disks": disks}))
    stub.on("/disks/root", Answer({"status": "READY", "type": f"{zone}/diskTypes/pd-balanced"}))
    stub.on("/disks/data", refusal(403, "forbidden", "Required 'compute.disks.get' permission for 'x'"))
    for _ in range(3):
        seen = await google.observe(place)
        assert seen.machine.disks == (Disk("pd-balanced", 50), Disk("", 200))
    assert len(stub.asked_for("/disks/root")) == len(stub.asked_for("/disks/data")) == 1


async def test_a_disk_that_could_not_be_asked_is_asked_again(place: Place, google: GceCloud, stub: Stub) -> None:
    stub.on("/comfyui", Answer({"status": "RUNNING", "disks": [{"source": "z/disks/data", "diskSizeGb": "200"}]}))
    stub.on(
        "/disks/data", *[refusal(503, "backendError", "Oops.")] * 5, Answer({"status": "READY", "type": "x/pd-ssd"})
    )
    assert (await google.observe(place)).machine.disks == (Disk("", 200),)
    assert (await google.observe(place)).machine.disks == (Disk("pd-ssd", 200),)


async def test_operations_of_other_machines_are_left_out_and_pages_are_turned(
    place: Place, google: GceCloud, stub: Stub, clock: ManualClock
) -> None:
    def operation(name: str, target: str, at: str) -> Json:
        link = f"https://www.googleapis.com/compute/v1/projects/studio/zones/us-west1-b/instances/{target}"
        return {"name": name, "operationType": "stop", "status": "DONE", "targetLink": link, "insertTime": at}

    def page(asked: Asked) -> Answer:
        if "pageToken" not in asked.query:
            items = [
                operation("3", "comfyui", "2026-11-02T08:59:00Z"),
                operation("x", "my-comfyui", "2026-11-02T08:58:00Z"),
            ]
            return Answer({"items": items, "nextPageToken": "2"})
        if asked.query["pageToken"] == "2":
            items = [
                operation("2", "comfyui", "2026-11-02T08:57:00Z"),
                operation("1", "comfyui", "2026-11-01T08:00:00Z"),
            ]
            return Answer({"items": items, "nextPageToken": "3"})
        return Answer(status=500)

    stub.on("/operations", page)
    recent = await google.recent_operations(place, clock.now() - timedelta(hours=1))
    assert [each.name for each in recent] == ["3", "2"]


async def test_an_operation_in_a_project_that_is_gone_is_an_error(place: Place, google: GceCloud, stub: Stub) -> None:
    stub.on("/operation-1", refusal(404, "notFound", "The resource 'projects/studio' was not found"))
    with pytest.raises(NoSuchResource):
        await google.operation(place, "operation-1")


async def test_guest_attributes_of_a_box_that_is_gone_are_an_error(place: Place, google: GceCloud, stub: Stub) -> None:
    stub.on("/getGuestAttributes", refusal(404, "notFound", f"The resource '{INSTANCE}' was not found"))
    with pytest.raises(NoSuchResource):
        await google.guest_attributes(place)


async def test_serial_output_that_was_lost_moves_the_start_forward(place: Place, google: GceCloud, stub: Stub) -> None:
    stub.on("/serialPort", Answer({"contents": "späte Zeile", "start": "5000", "next": "5012"}))
    output = await google.serial_output(place, 10)
    assert (output.text, output.start, output.next) == ("späte Zeile", 5000, 5012)
    assert stub.asked[0].query == {"port": "1", "start": "10"}
