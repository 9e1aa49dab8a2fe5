"""Calls that are refused: told by their name, and waited out where waiting helps."""

from typing import Any

import pytest

from manager.adapters.embedded.thread import CloudThread
from manager.adapters.gce import GceCloud
from manager.domain.box import Place
from manager.domain.errors import (
    ApiDisabled,
    BillingDisabled,
    CloudError,
    NoSuchResource,
    PermissionMissing,
    RateLimited,
)
from tests.adapters.gce.conftest import REQUEST_ID, FakeTime
from tests.adapters.gce.stub import Stub, refusal
from tests.adapters.gce.words import INSTANCE


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


async def test_an_operation_in_a_project_that_is_gone_is_an_error(place: Place, google: GceCloud, stub: Stub) -> None:
    stub.on("/operation-1", refusal(404, "notFound", "The resource 'projects/studio' was not found"))
    with pytest.raises(NoSuchResource):
        await google.operation(place, "operation-1")


async def test_guest_attributes_of_a_box_that_is_gone_are_an_error(place: Place, google: GceCloud, stub: Stub) -> None:
    stub.on("/getGuestAttributes", refusal(404, "notFound", f"The resource '{INSTANCE}' was not found"))
    with pytest.raises(NoSuchResource):
        await google.guest_attributes(place)
