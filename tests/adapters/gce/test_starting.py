"""A start against a whole Compute Engine over HTTP: without capacity, without an answer, and during a stop."""

import asyncio
from pathlib import Path

import pytest

from manager.adapters.embedded.thread import CloudThread
from manager.adapters.gce import GceBuilder, GceCloud
from manager.domain.box import Place
from manager.domain.errors import CloudError, Fault, NotReadyYet
from tests.adapters.gce.conftest import OTHER_ID, PLACE, REQUEST_ID, SPEC, FakeTime, ManualClock


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
        operation = await cloud.stop(PLACE, OTHER_ID)
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
