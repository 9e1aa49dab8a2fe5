"""google-cloud-compute, the client that gpubox itself uses, lives with a box on the embedded cloud."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import compute_v1 as gce

from manager.adapters.embedded.thread import CloudThread
from tests.adapters.embedded.conftest import PROJECT, ZONE, HeldClock

_HERE = {"project": PROJECT, "zone": ZONE}
_BOX = _HERE | {"instance": "gpubox"}
_UUID = "6f1d2c1e-0000-4000-8000-0000000000aa"


@dataclass
class Google:
    instances: gce.InstancesClient
    operations: gce.ZoneOperationsClient
    disks: gce.DisksClient
    firewalls: gce.FirewallsClient
    accelerators: gce.AcceleratorTypesClient


@pytest.fixture
def google(served: CloudThread) -> Iterator[Google]:
    options = {"api_endpoint": served.endpoint}
    kinds = (
        gce.InstancesClient,
        gce.ZoneOperationsClient,
        gce.DisksClient,
        gce.FirewallsClient,
        gce.AcceleratorTypesClient,
    )
    clients = [kind(credentials=AnonymousCredentials(), client_options=options) for kind in kinds]  # type: ignore[no-untyped-call]
    yield Google(*clients)
    for client in clients:
        client.transport.close()


@pytest.fixture
def on(google: Google, clock: HeldClock) -> Google:
    google.instances.insert_unary(**_HERE, instance_resource=_box())
    clock.pass_(30)
    return google


def _box() -> gce.Instance:
    image = "projects/debian-cloud/global/images/family/debian-12"
    boot = gce.AttachedDiskInitializeParams(source_image=image, disk_size_gb=50)
    data = gce.AttachedDiskInitializeParams(disk_name="data", disk_size_gb=200, disk_type="pd-balanced")
    return gce.Instance(
        name="gpubox",
        machine_type=f"zones/{ZONE}/machineTypes/n1-standard-4",
        guest_accelerators=[
            gce.AcceleratorConfig(
                accelerator_type=f"zones/{ZONE}/acceleratorTypes/nvidia-tesla-t4", accelerator_count=1
            )
        ],
        disks=[
            gce.AttachedDisk(boot=True, auto_delete=True, initialize_params=boot),
            gce.AttachedDisk(auto_delete=False, initialize_params=data),
        ],
        network_interfaces=[gce.NetworkInterface(access_configs=[gce.AccessConfig(name="External NAT")])],
        scheduling=gce.Scheduling(on_host_maintenance="TERMINATE", automatic_restart=False),
        metadata=gce.Metadata(items=[gce.Items(key="enable-guest-attributes", value="TRUE")]),
        deletion_protection=True,
    )


def test_a_box_is_started_the_way_gpubox_starts_it(on: Google, clock: HeldClock) -> None:
    stopping = on.instances.stop_unary(**_BOX)
    clock.pass_(20)
    assert on.operations.get(**_HERE, operation=stopping.name).status == gce.Operation.Status.DONE
    box = on.instances.get(**_BOX)
    assert box.status == "TERMINATED"

    box.metadata.items.append(gce.Items(key="domain_name", value="comfy.example.com"))
    on.instances.set_metadata_unary(**_BOX, metadata_resource=box.metadata)
    with pytest.raises(exceptions.PreconditionFailed):
        on.instances.set_metadata_unary(**_BOX, metadata_resource=box.metadata)

    limit = gce.Scheduling(
        max_run_duration=gce.Duration(seconds=43200),
        instance_termination_action="STOP",
        automatic_restart=False,
        on_host_maintenance="TERMINATE",
    )
    on.instances.set_scheduling_unary(**_BOX, scheduling_resource=limit)
    request = gce.StartInstanceRequest(**_BOX, request_id=_UUID)
    first, second = on.instances.start_unary(request), on.instances.start_unary(request)
    assert first.name == second.name
    assert first.client_operation_id == _UUID

    clock.pass_(30)
    box = on.instances.get(**_BOX)
    assert box.status == "RUNNING"
    assert box.network_interfaces[0].access_configs[0].nat_i_p.startswith("127.")
    assert box.resource_status.scheduling.termination_timestamp.startswith("2026-11-21T")
    assert {item.key for item in box.metadata.items} == {"enable-guest-attributes", "domain_name"}


def test_a_stockout_arrives_as_the_error_of_the_operation(on: Google, served: CloudThread, clock: HeldClock) -> None:
    on.instances.stop_unary(**_BOX)
    clock.pass_(20)
    served.cloud.faults.add("stockout", zonesAvailable=["us-west1-a"])
    operation = on.instances.start_unary(**_BOX)
    clock.pass_(20)
    done = on.operations.get(**_HERE, operation=operation.name)
    assert done.http_error_status_code == 503
    assert done.error.errors[0].code == "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"
    told = [detail.error_info.metadatas for detail in done.error.errors[0].error_details if detail.error_info.reason]
    assert told[0]["zonesAvailable"] == "us-west1-a"


def test_errors_arrive_as_the_client_knows_them(on: Google, served: CloudThread) -> None:
    served.cloud.faults.add("permission-denied", {"method": "instances.start"})
    with pytest.raises(exceptions.Forbidden, match=r"compute\.instances\.start"):
        on.instances.start_unary(**_BOX)
    with pytest.raises(exceptions.NotFound):
        on.instances.get(**_HERE | {"instance": "nobody"})
    with pytest.raises(exceptions.BadRequest):
        on.instances.delete_unary(**_BOX)
    with pytest.raises(exceptions.NotFound, match="Guest Attribute"):
        on.instances.get_guest_attributes({**_BOX, "query_path": "gpubox/"})
    served.cloud.faults.add("rate-limit", {"method": "instances.stop"})
    with pytest.raises(exceptions.TooManyRequests):
        on.instances.stop_unary(**_BOX)


def test_a_lost_answer_is_a_connection_error_although_the_box_starts(
    on: Google, served: CloudThread, clock: HeldClock
) -> None:
    on.instances.stop_unary(**_BOX)
    clock.pass_(20)
    served.cloud.faults.add("lost-answer", {"method": "instances.start"})
    with pytest.raises(requests.exceptions.ConnectionError):
        on.instances.start_unary(**_BOX)
    clock.pass_(30)
    assert on.instances.get(**_BOX).status == "RUNNING"


def test_the_cause_of_a_stop_is_found_among_the_operations(on: Google, served: CloudThread, clock: HeldClock) -> None:
    box = on.instances.get(**_BOX)
    served.cloud.faults.add("powers-off")
    on.instances.stop_unary(**_BOX)
    clock.pass_(20)
    on.instances.start_unary(**_BOX)
    clock.pass_(60)
    text = f"targetId={box.id} AND operationType=compute.instances.guestTerminate"
    request = gce.ListZoneOperationsRequest(**_HERE, filter=text, max_results=5)
    (cause,) = list(on.operations.list(request))
    assert cause.target_id == box.id


def test_everything_else_a_box_needs_can_be_reached(on: Google) -> None:
    assert {disk.name for disk in on.disks.list(**_HERE)} == {"gpubox", "data"}
    rule = gce.Firewall(
        name="gpubox",
        allowed=[gce.Allowed(I_p_protocol="tcp", ports=["443"])],
        source_ranges=["192.0.2.7/32"],
        target_tags=["gpubox"],
    )
    on.firewalls.insert_unary(project=PROJECT, firewall_resource=rule)
    patch = gce.Firewall(source_ranges=["192.0.2.8/32"])
    on.firewalls.patch_unary(project=PROJECT, firewall="gpubox", firewall_resource=patch)
    patched = on.firewalls.get(project=PROJECT, firewall="gpubox")
    assert (list(patched.source_ranges), list(patched.target_tags)) == (["192.0.2.8/32"], ["gpubox"])
    types = on.accelerators.aggregated_list(project=PROJECT)
    assert f"zones/{ZONE}" in {scope for scope, found in types if found.accelerator_types}
    assert on.instances.get_serial_port_output(**_BOX).start == 0
    everywhere = on.instances.aggregated_list(project=PROJECT)
    assert [box.name for _, found in everywhere for box in found.instances] == ["gpubox"]
