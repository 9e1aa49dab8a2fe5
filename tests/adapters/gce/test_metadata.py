"""Metadata that several write: nothing is lost, and nothing is written for nothing."""

import asyncio

import pytest

from manager.adapters.embedded.thread import CloudThread
from manager.adapters.gce import GceCloud
from manager.domain.box import Place
from manager.domain.errors import CloudRefused, Conflict
from tests.adapters.gce.conftest import ManualClock
from tests.adapters.gce.stub import Answer, Stub, refusal
from tests.adapters.gce.words import Json


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


async def test_a_key_without_a_value_is_taken_out_and_not_put_in(embedded: GceCloud, box: Place) -> None:
    await embedded.write_metadata(box, {"a": "1", "b": "2"})
    await embedded.write_metadata(box, {"a": "", "c": ""})
    assert (await embedded.observe(box)).metadata == {"b": "2"}


async def test_metadata_that_is_there_already_is_not_written(
    embedded: GceCloud, box: Place, clock: ManualClock
) -> None:
    await embedded.write_metadata(box, {"a": "1", "b": "2"})
    clock.advance(minutes=1)
    await embedded.write_metadata(box, {"b": "2", "never": ""})
    assert await embedded.recent_operations(box, clock.now()) == []
