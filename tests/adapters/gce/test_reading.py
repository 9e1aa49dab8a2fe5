"""What is read beside the instance itself: disks, operations, the serial port."""

from datetime import timedelta

from manager.adapters.gce import GceCloud
from manager.domain.box import Disk, Place
from tests.adapters.gce.conftest import ManualClock
from tests.adapters.gce.stub import Answer, Asked, Stub, refusal
from tests.adapters.gce.words import Json


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


async def test_serial_output_that_was_lost_moves_the_start_forward(place: Place, google: GceCloud, stub: Stub) -> None:
    stub.on("/serialPort", Answer({"contents": "späte Zeile", "start": "5000", "next": "5012"}))
    output = await google.serial_output(place, 10)
    assert (output.text, output.start, output.next) == ("späte Zeile", 5000, 5012)
    assert stub.asked[0].query == {"port": "1", "start": "10"}
