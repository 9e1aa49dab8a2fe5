"""Making and deleting boxes: nothing is deleted that was not meant, and nothing bills that nobody knows of."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from manager.adapters.embedded.thread import CloudThread
from manager.adapters.gce import GceBuilder, GceCloud
from manager.application.ports import BoxSpec
from manager.domain.box import Disk, Place, Scheduling
from manager.domain.errors import CloudUnreachable, Conflict, NoSuchResource, Stockout
from tests.adapters.gce.stub import Answer, Json, Stub

SPEC = BoxSpec(
    "n1-standard-4",
    "comfyui-data",
    "gpubox",
    gpu="nvidia-tesla-t4",
    max_run=timedelta(hours=12),
    metadata={"enable-guest-attributes": "TRUE"},
    labels={"made-by": "gpubox"},
)


@pytest.fixture
def builder(embedded: GceCloud) -> GceBuilder:
    return GceBuilder(embedded.calls)


def shown(served: CloudThread, place: Place, what: str) -> Json:
    """A resource of the zone as the server shows it."""
    url = f"{served.endpoint}/compute/v1/projects/{place.project}/zones/{place.zone}/{what}"
    return httpx.get(url).json()


async def test_a_new_box_is_off_and_as_it_was_described(
    embedded: GceCloud, builder: GceBuilder, served: CloudThread, place: Place
) -> None:
    await builder.create_box(place, SPEC)
    seen = await embedded.observe(place)
    assert seen.status == "TERMINATED"
    assert (seen.machine.machine_type, seen.machine.gpu, seen.machine.gpu_count, seen.machine.spot) == (
        "n1-standard-4",
        "nvidia-tesla-t4",
        1,
        False,
    )
    assert seen.machine.disks == (Disk("pd-balanced", 100), Disk("pd-balanced", 200))
    assert seen.scheduling == Scheduling(timedelta(hours=12))
    assert seen.metadata == {"enable-guest-attributes": "TRUE"}
    instance = shown(served, place, "instances/comfyui")
    assert instance["deletionProtection"] is True
    assert instance["tags"]["items"] == ["gpubox"]
    assert instance["labels"] == {"made-by": "gpubox"}
    assert [(disk["autoDelete"], disk["deviceName"]) for disk in instance["disks"]][1] == (False, "persistent-comfyui")


async def test_a_new_box_can_be_left_running(embedded: GceCloud, builder: GceBuilder, place: Place) -> None:
    await builder.create_box(place, replace(SPEC, running=True, spot=True))
    seen = await embedded.observe(place)
    assert (seen.status, seen.machine.spot) == ("RUNNING", True)


async def test_making_a_box_twice_is_a_conflict_and_harms_nothing(
    embedded: GceCloud, builder: GceBuilder, place: Place
) -> None:
    await builder.create_box(place, SPEC)
    with pytest.raises(Conflict):
        await builder.create_box(place, SPEC)
    assert (await embedded.observe(place)).status == "TERMINATED"


async def test_without_capacity_the_disk_that_was_made_for_the_box_goes_again(
    builder: GceBuilder, served: CloudThread, place: Place
) -> None:
    served.cloud.faults.add("stockout", {"method": "instances.insert"})
    with pytest.raises(Stockout):
        await builder.create_box(place, SPEC)
    assert shown(served, place, "disks").get("items", []) == []


async def test_without_capacity_a_disk_that_was_there_before_stays(
    builder: GceBuilder, served: CloudThread, place: Place
) -> None:
    await builder.create_box(place, SPEC)
    await builder.delete_box(place)
    served.cloud.faults.add("stockout", {"method": "instances.insert"})
    with pytest.raises(Stockout):
        await builder.create_box(place, SPEC)
    assert [disk["name"] for disk in shown(served, place, "disks")["items"]] == ["comfyui-data"]


async def test_where_the_answer_was_lost_nothing_is_taken_back(google: GceCloud, stub: Stub, place: Place) -> None:
    stub.on("/disks/comfyui-data", Answer(status=404, body={"error": {"message": "Not here", "code": 404}}))
    stub.on("/disks", Answer({"name": "operation-1", "status": "DONE"}))
    stub.on("/instances", Answer(drop=True))
    with pytest.raises(CloudUnreachable):
        await GceBuilder(google.calls).create_box(place, SPEC)
    assert {asked.verb for asked in stub.asked_for("/disks/comfyui-data")} == {"GET"}


async def test_deleting_a_box_keeps_its_data_disk_and_tells_so(
    embedded: GceCloud, builder: GceBuilder, served: CloudThread, place: Place
) -> None:
    await builder.create_box(place, SPEC)
    assert await builder.delete_box(place) == ["comfyui-data"]
    with pytest.raises(NoSuchResource):
        await embedded.observe(place)
    assert [disk["name"] for disk in shown(served, place, "disks")["items"]] == ["comfyui-data"]


async def test_a_data_disk_that_would_go_with_its_box_is_kept_all_the_same(
    builder: GceBuilder, served: CloudThread, place: Place
) -> None:
    await builder.create_box(place, SPEC)
    url = f"{served.endpoint}/compute/v1/projects/{place.project}/zones/{place.zone}/instances/comfyui"
    query = {"deviceName": "persistent-comfyui", "autoDelete": "true"}
    async with httpx.AsyncClient() as console:
        (await console.post(f"{url}/setDiskAutoDelete", params=query)).raise_for_status()
    await builder.delete_box(place)
    assert [disk["name"] for disk in shown(served, place, "disks")["items"]] == ["comfyui-data"]


async def test_the_data_disk_goes_only_where_that_was_said(
    builder: GceBuilder, served: CloudThread, place: Place
) -> None:
    await builder.create_box(place, SPEC)
    assert await builder.delete_box(place, delete_data_disk=True) == []
    assert shown(served, place, "disks").get("items", []) == []


async def test_deleting_a_box_that_is_not_there_is_an_error(builder: GceBuilder, place: Place) -> None:
    with pytest.raises(NoSuchResource):
        await builder.delete_box(place)


async def test_making_a_box_in_a_zone_that_is_not_there_is_an_error(builder: GceBuilder, place: Place) -> None:
    with pytest.raises(NoSuchResource) as caught:
        await builder.create_box(replace(place, zone="us-west1-q"), SPEC)
    assert caught.value.data == {"kind": "zone", "name": "us-west1-q"}


async def test_the_zones_that_offer_a_gpu_are_listed(builder: GceBuilder, place: Place) -> None:
    zones = await builder.zones_with(place.project, "nvidia-tesla-t4")
    assert {"us-west1-a", "us-west1-b"} <= set(zones)
    assert zones == sorted(zones)
    assert await builder.zones_with(place.project, "nvidia-none") == []


async def test_zones_are_gathered_over_pages(google: GceCloud, stub: Stub, place: Place) -> None:
    def page(zone: str, **more: str) -> Answer:
        listed: Json = {f"zones/{zone}": {"acceleratorTypes": [{"name": "nvidia-l4"}]}, "zones/none": {"warning": {}}}
        return Answer({"items": listed, **more})

    stub.on("/aggregated/acceleratorTypes", page("b", nextPageToken="2"), page("a"))
    assert await GceBuilder(google.calls).zones_with(place.project, "nvidia-l4") == ["a", "b"]


async def test_the_rights_that_are_missing_are_named(google: GceCloud, stub: Stub, place: Place) -> None:
    held = ["get", "getGuestAttributes", "getSerialPortOutput", "setMetadata", "stop"]
    answer = Answer({"permissions": [f"compute.instances.{verb}" for verb in held]})
    stub.on("/comfyui/testIamPermissions", answer, Answer())
    builder = GceBuilder(google.calls)
    assert await builder.missing_permissions(place) == ["compute.instances.setScheduling", "compute.instances.start"]
    assert len(await builder.missing_permissions(place)) == 7
