"""Deadlines and retries: what is tried again, how long, and what is never done twice."""

import asyncio
from dataclasses import replace

import pytest

from manager.adapters.gce import GceCloud, Limits, Pace
from manager.adapters.gce.calls import Calls
from manager.domain.box import Place
from manager.domain.errors import (
    CloudError,
    CloudRefused,
    CloudUnreachable,
    NotReadyYet,
    PermissionMissing,
    RateLimited,
)
from tests.adapters.gce.conftest import REQUEST_ID, FakeTime, ManualClock
from tests.adapters.gce.stub import Answer, Stub, refusal

OFF = Answer({"status": "TERMINATED", "metadata": {"fingerprint": "a="}})
STARTED = Answer({"name": "operation-1", "operationType": "start", "status": "RUNNING"})
DENIED = refusal(403, "forbidden", "Required 'compute.instances.get' permission for 'projects/studio'")


@pytest.mark.parametrize(
    "failure",
    [
        refusal(429, "rateLimitExceeded", "Slow down."),
        refusal(403, "rateLimitExceeded", "Slow down."),
        refusal(500, "internalError", "Oops."),
        refusal(502, "badGateway", "Oops."),
        refusal(503, "backendError", "Oops."),
        refusal(504, "gatewayTimeout", "Oops."),
        Answer(b"<html>Bad gateway</html>", 502),
        Answer(b"<html>Log in to the hotel's network</html>"),
        Answer(b'{"status": "TERMI'),
        Answer(b"[]"),
        Answer(drop=True),
    ],
    ids=["429", "403-rate", "500", "502", "503", "504", "502-html", "200-html", "cut-off", "a-list", "no-answer"],
)
async def test_what_passes_by_itself_is_tried_again(
    place: Place, google: GceCloud, stub: Stub, time: FakeTime, failure: Answer
) -> None:
    stub.on("/comfyui", failure, OFF)
    assert (await google.observe(place)).status == "TERMINATED"
    assert time.slept == [0.5]


@pytest.mark.parametrize(
    "failure",
    [
        refusal(400, "invalid", "Invalid value."),
        refusal(401, "authError", "Who are you?"),
        refusal(403, "forbidden", "Required 'compute.instances.get' permission for 'projects/studio'"),
        refusal(404, "notFound", "The resource 'projects/studio' was not found"),
        refusal(409, "alreadyExists", "It is there."),
        refusal(503, "ZONE_RESOURCE_POOL_EXHAUSTED", "No room."),
        Answer(b"<html>Not found</html>", 404),
    ],
    ids=["400", "401", "403", "404", "409", "stockout", "404-html"],
)
async def test_what_would_be_refused_again_is_not_tried_again(
    place: Place, google: GceCloud, stub: Stub, time: FakeTime, failure: Answer
) -> None:
    stub.on("/comfyui", failure)
    with pytest.raises(CloudError):
        await google.observe(place)
    assert time.slept == []


async def test_pauses_double_up_to_a_bound_and_end_with_the_deadline(
    place: Place, google: GceCloud, stub: Stub, time: FakeTime
) -> None:
    stub.on("/comfyui", refusal(429, "rateLimitExceeded", "Slow down."))
    with pytest.raises(RateLimited):
        await google.observe(place)
    assert time.slept == [0.5, 1, 2, 4]
    assert time.at <= 15


async def test_a_pause_is_anything_from_nothing_to_its_bound(place: Place, stub: Stub, clock: ManualClock) -> None:
    chances = iter([0.0, 0.25, 1.0])
    time = FakeTime()
    cloud = GceCloud(clock, stub.endpoint, pace=replace(time.pace(), jitter=lambda: next(chances)))
    failure = refusal(500, "internalError", "Oops.")
    stub.on("/comfyui", failure, failure, failure, OFF)
    await cloud.observe(place)
    assert time.slept == [0, 0.25, 2]
    cloud.close()


async def test_a_change_is_tried_longer_than_a_reading(
    place: Place, google: GceCloud, stub: Stub, time: FakeTime
) -> None:
    stub.on("/start", refusal(503, "backendError", "Oops."))
    with pytest.raises(CloudUnreachable) as caught:
        await google.start(place, REQUEST_ID)
    assert 15 < time.at <= 25
    assert caught.value.data == {"endpoint": stub.endpoint, "detail": "HTTP 503: Oops."}


async def test_every_try_of_a_change_carries_the_same_request_id(place: Place, google: GceCloud, stub: Stub) -> None:
    stub.on("/start", Answer(drop=True), refusal(500, "internalError", "Oops."), STARTED)
    await google.start(place, REQUEST_ID)
    assert [asked.query["requestId"] for asked in stub.asked_for("/start")] == [REQUEST_ID] * 3


async def test_every_change_of_its_own_has_a_request_id_of_its_own(place: Place, google: GceCloud, stub: Stub) -> None:
    done = Answer({"name": "operation-2", "status": "DONE"})
    stub.on("/comfyui", OFF)
    stub.on("/setMetadata", refusal(500, "internalError", "Oops."), done)
    await google.write_metadata(place, {"a": "1"})
    await google.write_metadata(place, {"b": "1"})
    first, again, second = [asked.query["requestId"] for asked in stub.asked_for("/setMetadata")]
    assert first == again != second


async def test_silence_ends_with_the_deadline(place: Place, hasty: GceCloud, stub: Stub) -> None:
    stub.on("/comfyui", Answer(hang=True))
    with pytest.raises(CloudUnreachable) as caught:
        await hasty.observe(place)
    assert caught.value.data == {"endpoint": stub.endpoint, "detail": "ReadTimeout: TimeoutError"}
    assert 2 <= len(stub.asked) <= 4


async def test_a_thread_that_is_stuck_is_left_behind(
    place: Place, clock: ManualClock, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("manager.adapters.gce.calls._GRACE", 0.05)
    # A server that sends a byte now and then is never silent.
    limits = Limits(attempt=5, read=0.05)
    stub.on("/comfyui", Answer(hang=True))
    cloud = GceCloud(clock, stub.endpoint, limits=limits, pace=Pace(monotonic=lambda: 0.0))
    await cloud.warm_up()
    with pytest.raises(CloudUnreachable):
        await cloud.observe(place)
    cloud.close()


async def test_calls_wait_for_a_thread_and_never_for_more_than_their_deadline(
    place: Place, hasty: GceCloud, stub: Stub
) -> None:
    stub.on("/comfyui", Answer(hang=True))
    results = await asyncio.gather(*(hasty.observe(place) for _ in range(20)), return_exceptions=True)
    assert {type(result) for result in results} == {CloudUnreachable}


async def test_an_operation_is_waited_for_until_it_is_done(
    place: Place, google: GceCloud, stub: Stub, time: FakeTime
) -> None:
    pending = Answer({"name": "operation-2", "status": "RUNNING"})
    stub.on("/comfyui", OFF)
    stub.on("/setMetadata", pending)
    flaky = refusal(503, "backendError", "Oops.")
    stub.on("/operation-2/wait", pending, flaky, Answer({"name": "operation-2", "status": "DONE"}))
    await google.write_metadata(place, {"a": "1"})
    assert len(stub.asked_for("/wait")) == 3
    assert time.slept == [0.5, 1]


async def test_an_operation_that_never_ends_is_not_ready_yet(
    place: Place, google: GceCloud, stub: Stub, time: FakeTime
) -> None:
    stub.on("/comfyui", OFF)
    stub.on("/setMetadata", Answer({"name": "operation-2", "status": "PENDING"}))
    stub.on("/wait", Answer({"name": "operation-2", "status": "RUNNING"}))
    with pytest.raises(NotReadyYet):
        await google.write_metadata(place, {"a": "1"})
    assert time.at == 60


async def test_an_operation_that_is_held_past_the_deadline_is_not_ready_yet(
    place: Place, hasty: GceCloud, stub: Stub
) -> None:
    stub.on("/comfyui", OFF)
    stub.on("/setMetadata", Answer({"name": "operation-2", "status": "PENDING"}))
    stub.on("/wait", Answer(hang=True))
    with pytest.raises(NotReadyYet):
        await hasty.write_metadata(place, {"a": "1"})


async def test_an_operation_that_failed_without_an_http_status_is_no_success(
    place: Place, google: GceCloud, stub: Stub
) -> None:
    stub.on("/comfyui", OFF)
    failed = {"name": "operation-2", "status": "DONE", "error": {"errors": [{"code": "BROKEN", "message": "It is."}]}}
    stub.on("/setMetadata", Answer(failed))
    with pytest.raises(CloudRefused) as caught:
        await google.write_metadata(place, {"a": "1"})
    assert caught.value.data == {"reason": "BROKEN", "message": "It is."}


async def test_waiting_without_the_right_to_is_refused(place: Place, google: GceCloud, stub: Stub) -> None:
    stub.on("/comfyui", OFF)
    stub.on("/setMetadata", Answer({"name": "operation-2", "status": "PENDING"}))
    stub.on("/wait", DENIED)
    with pytest.raises(PermissionMissing):
        await google.write_metadata(place, {"a": "1"})


async def test_after_closing_no_call_is_taken(place: Place, google: GceCloud, stub: Stub) -> None:
    stub.on("/comfyui", OFF)
    calls: Calls = google.calls
    await google.warm_up()
    calls.close()
    with pytest.raises(RuntimeError):
        await google.observe(place)
