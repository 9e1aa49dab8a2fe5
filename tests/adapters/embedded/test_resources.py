"""Disks, snapshots, firewalls, addresses, the catalog, and how lists are asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from manager.adapters.embedded import disks
from manager.adapters.embedded.errors import ApiError
from manager.adapters.embedded.filters import parse
from manager.adapters.embedded.thread import CloudThread
from tests.adapters.embedded.conftest import Caller


@pytest.fixture
def served(serve: Callable[..., CloudThread]) -> CloudThread:
    return serve(speed=0)


def _global(call: Caller, verb: str, path: str, body: Any = None) -> Any:
    return call.http.request(verb, f"{call.base}/global/{path}", json=body).json()


def test_a_disk_is_created_grown_and_deleted(call: Caller) -> None:
    assert call.post("/disks", {"name": "data", "sizeGb": "10", "type": "zones/z/diskTypes/pd-balanced"}).is_success
    assert call.post("/disks/data/resize", {"sizeGb": "5"}).status_code == 400
    assert call.post("/disks/data/resize", {"sizeGb": "20"}).is_success
    assert call.get("/disks/data")["sizeGb"] == "20"
    assert call.http.delete(f"{call.zone}/disks/data").is_success
    assert call.get("/disks/data")["error"]["code"] == 404


def test_a_disk_made_from_a_snapshot_has_what_the_first_one_had(
    call: Caller, served: CloudThread, tmp_path: Path
) -> None:
    first = call.post("/disks", {"name": "data", "sizeGb": "10"}).json()["targetId"]
    folder = disks.folder(served.cloud, first)
    folder.mkdir(parents=True)
    (folder / "picture.png").write_text("a picture")
    assert folder.is_relative_to(tmp_path)

    assert call.post("/disks/data/createSnapshot", {"name": "data-1"}).json()["operationType"] == "createSnapshot"
    assert _global(call, "GET", "snapshots/data-1")["status"] == "READY"
    elsewhere = f"{call.base}/zones/us-central1-a/disks"
    copied = call.http.post(elsewhere, json={"name": "data", "sourceSnapshot": "global/snapshots/data-1"}).json()
    assert (disks.folder(served.cloud, copied["targetId"]) / "picture.png").read_text() == "a picture"
    assert _global(call, "DELETE", "snapshots/data-1")["status"] == "DONE"


def test_patching_a_firewall_rule_keeps_what_is_left_out_and_putting_resets_it(call: Caller) -> None:
    rule = {
        "name": "gpubox",
        "allowed": [{"IPProtocol": "tcp", "ports": ["443"]}],
        "sourceRanges": ["192.0.2.7/32"],
        "targetTags": ["gpubox"],
        "priority": 900,
    }
    assert _global(call, "POST", "firewalls", rule)["status"] == "DONE"
    _global(call, "PATCH", "firewalls/gpubox", {"sourceRanges": ["192.0.2.8/32"]})
    patched = _global(call, "GET", "firewalls/gpubox")
    assert (patched["sourceRanges"], patched["targetTags"], patched["priority"]) == (["192.0.2.8/32"], ["gpubox"], 900)
    _global(call, "PUT", "firewalls/gpubox", {"name": "gpubox", "allowed": rule["allowed"]})
    put = _global(call, "GET", "firewalls/gpubox")
    assert (put["sourceRanges"], put["priority"]) == (["0.0.0.0/0"], 1000)
    assert "targetTags" not in put
    assert _global(call, "POST", "firewalls", {"name": "open"})["error"]["code"] == 400
    assert _global(call, "DELETE", "firewalls/gpubox")["operationType"] == "delete"
    assert "items" not in _global(call, "GET", "firewalls")


def test_a_reserved_address_stays_with_its_box(call: Caller) -> None:
    region = f"{call.base}/regions/us-west1/addresses"
    call.http.post(region, json={"name": "fixed"})
    address = call.http.get(f"{region}/fixed").json()["address"]
    interface = {"accessConfigs": [{"type": "ONE_TO_ONE_NAT", "natIP": address}]}
    call.insert(networkInterfaces=[interface])
    call.post("/instances/gpubox/stop")
    call.post("/instances/gpubox/start")
    assert call.instance()["networkInterfaces"][0]["accessConfigs"][0]["natIP"] == address
    assert call.http.get(f"{region}/fixed").json()["status"] == "IN_USE"
    assert call.http.delete(f"{region}/fixed").status_code == 400


def test_the_catalog_knows_where_t4s_are(call: Caller) -> None:
    found = call.http.get(f"{call.base}/aggregated/acceleratorTypes", params={"filter": "name=nvidia-tesla-t4"}).json()[
        "items"
    ]
    with_t4 = {scope for scope, held in found.items() if "acceleratorTypes" in held}
    assert with_t4 == {f"zones/us-{zone}" for zone in ("central1-a", "central1-b", "central1-f", "west1-a", "west1-b")}
    assert found["zones/us-west1-c"]["warning"]["code"] == "NO_RESULTS_ON_PAGE"


def test_places_types_images_and_the_project_can_be_read(call: Caller) -> None:
    family = "common-cu129-ubuntu-2204-nvidia-580"
    release = "/compute/v1/projects/deeplearning-platform-release/global/images"
    image = call.http.get(f"{release}/family/{family}").json()
    for path, name in {
        call.base: "my-project",
        call.zone: "us-west1-b",
        f"{call.base}/regions/us-west1": "us-west1",
        f"{call.zone}/machineTypes/g2-standard-4": "g2-standard-4",
        f"{call.zone}/acceleratorTypes/nvidia-l4": "nvidia-l4",
        f"{call.zone}/diskTypes/pd-balanced": "pd-balanced",
        f"{release}/{image['name']}": image["name"],
        f"{call.base}/global/networks/default": "default",
        f"{call.base}/regions/us-west1/subnetworks/default": "default",
    }.items():
        assert call.http.get(path).json()["name"] == name
    for path in (f"{call.base}/zones/mars-1-a", f"{call.zone}/machineTypes/n9", f"{release}/family/none"):
        assert call.http.get(path).json()["error"]["errors"][0]["reason"] == "notFound"
    for path in ("zones", "regions", "aggregated/disks", "aggregated/instances", "aggregated/operations"):
        assert call.http.get(f"{call.base}/{path}").json()["items"]


def test_lists_come_in_pages_and_in_order(call: Caller) -> None:
    for name in ("b", "a", "c"):
        call.post("/disks", {"name": name, "sizeGb": "10"})
    first = call.get("/disks", maxResults=2)
    second = call.get("/disks", maxResults=2, pageToken=first["nextPageToken"])
    assert [disk["name"] for page in (first, second) for disk in page["items"]] == ["a", "b", "c"]
    assert "nextPageToken" not in second
    assert call.get("/disks", pageToken="!")["error"]["code"] == 400
    assert call.get("/disks", orderBy="colour")["error"]["code"] == 400
    assert len(call.get("/disks", orderBy="creationTimestamp desc", fields="items/name")["items"]) == 3


def test_operations_are_found_by_target_type_and_id(call: Caller) -> None:
    created = call.insert().json()
    call.post("/instances/gpubox/stop")
    link = created["targetLink"]
    for text in (
        f"targetId={created['targetId']}",
        f'targetLink = "{link}"',
        '(targetLink eq ".*/instances/gpubox") AND (operationType = insert OR operationType = stop)',
    ):
        assert len(call.get("/operations", filter=text)["items"]) == 2, text
    assert call.get(f"/operations/{created['id']}")["name"] == created["name"]
    waited = call.post(f"/operations/{created['name']}/wait").json()
    assert waited["status"] == "DONE"


_RESOURCE = {"name": "gpubox", "status": "RUNNING", "n": 5, "labels": {"team": "art"}, "tags": {"items": ["a", "b"]}}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ("name=gpubox", True),
        ("name = 'gpu*'", True),
        ('name eq "gpu.*"', True),
        ('name eq "gpu"', False),
        ("name ne gpubox", False),
        ("name != other", True),
        ("status=RUNNING name:box", True),
        ("status=TERMINATED OR labels.team=art", True),
        ("NOT status=RUNNING", False),
        ("-status=TERMINATED", True),
        ("(status=TERMINATED OR n>4) AND tags.items=b", True),
        ("n <= 4", False),
        ("labels.colour:*", False),
    ],
)
def test_a_filter_chooses(text: str, holds: bool) -> None:
    assert parse(text)(_RESOURCE) is holds


@pytest.mark.parametrize("text", ["name", "name=", "(name=a", 'name="a', "name ~ a", "name=a)", '="a"'])
def test_a_filter_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ApiError):
        parse(text)
