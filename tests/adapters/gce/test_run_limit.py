"""Google's run limit: set once, while the box is off, and looked at after."""

from datetime import timedelta

import pytest

from manager.adapters.gce import GceCloud
from manager.domain.box import Place, Scheduling
from manager.domain.errors import CloudRefused, Conflict
from tests.adapters.gce.conftest import REQUEST_ID, ManualClock
from tests.adapters.gce.stub import Answer, Stub


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
