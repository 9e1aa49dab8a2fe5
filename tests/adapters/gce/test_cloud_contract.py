"""What every `Cloud` promises: Google's, over the real client and HTTP, and the one in memory."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from manager.adapters.embedded.thread import CloudThread
from manager.adapters.gce import GceBuilder, GceCloud
from manager.adapters.memory import MemoryCloud
from manager.application.ports import Cloud
from manager.domain.box import Place, Scheduling
from manager.domain.errors import NoSuchResource
from tests.adapters.gce.conftest import OTHER_ID, PLACE, REQUEST_ID, SPEC, ManualClock


@dataclass
class World:
    """A cloud with one box that is off, and what can befall the box from outside."""

    cloud: Cloud
    place: Place
    clock: ManualClock
    befall: Callable[[str], None]
    write_attribute: Callable[[str, str], None]


@pytest.fixture(params=["google", "memory"])
async def world(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[World]:
    if request.param == "memory":
        memory = MemoryCloud(clock)
        vm = memory.add(PLACE)
        kinds = {"preempt": "compute.instances.preempted"}
        yield World(
            memory,
            PLACE,
            clock,
            lambda what: memory.outside(PLACE, kinds[what], "system"),
            vm.guest.__setitem__,
        )
        return
    served: CloudThread = request.getfixturevalue("served")
    google = GceCloud(clock, served.endpoint)
    await GceBuilder(google.calls).create_box(PLACE, SPEC)
    clock.advance(minutes=1)
    yield World(google, PLACE, clock, _befall(served), _attributes(served))
    google.close()


def _befall(served: CloudThread) -> Callable[[str], None]:
    url = f"{served.endpoint}/_gpubox/machines/{PLACE.instance}"
    return lambda what: httpx.post(url, json={"action": what}).raise_for_status() and None


def _attributes(served: CloudThread) -> Callable[[str, str], None]:
    url = f"{served.endpoint}/_gpubox/guest-attributes/{PLACE.instance}"
    return lambda key, value: (
        httpx.put(url, json={"namespace": "gpubox", "key": key, "value": value}).raise_for_status() and None
    )


async def test_a_box_that_is_off_is_seen_to_be_off(world: World) -> None:
    seen = await world.cloud.observe(world.place)
    assert (seen.status, seen.external_ip, seen.run_limit_at) == ("TERMINATED", None, None)
    assert (seen.machine.machine_type, seen.machine.gpu, seen.machine.gpu_count) == (
        "n1-standard-4",
        "nvidia-tesla-t4",
        1,
    )
    assert seen.at == world.clock.now()


async def test_a_started_box_runs_and_has_an_address(world: World) -> None:
    operation = await world.cloud.start(world.place, REQUEST_ID)
    seen = await world.cloud.observe(world.place)
    assert operation.kind == "start"
    assert seen.status == "RUNNING"
    assert seen.external_ip is not None
    assert seen.started_at == world.clock.now()


async def test_a_stopped_box_is_off_and_has_no_address(world: World) -> None:
    await world.cloud.start(world.place, REQUEST_ID)
    world.clock.advance(minutes=5)
    operation = await world.cloud.stop(world.place, OTHER_ID)
    seen = await world.cloud.observe(world.place)
    assert operation.kind == "stop"
    assert (seen.status, seen.external_ip, seen.stopped_at) == ("TERMINATED", None, world.clock.now())


async def test_stopping_a_stopped_box_is_no_error(world: World) -> None:
    assert (await world.cloud.stop(world.place, REQUEST_ID)).fault is None


async def test_the_same_request_id_never_starts_twice(world: World) -> None:
    first = await world.cloud.start(world.place, REQUEST_ID)
    world.clock.advance(minutes=1)
    await world.cloud.stop(world.place, OTHER_ID)
    again = await world.cloud.start(world.place, REQUEST_ID)
    assert again.name == first.name
    assert (await world.cloud.observe(world.place)).status == "TERMINATED"


async def test_an_operation_can_be_read_by_its_name_and_found_by_its_request_id(world: World) -> None:
    started = await world.cloud.start(world.place, REQUEST_ID)
    read = await world.cloud.operation(world.place, started.name)
    found = await world.cloud.find_operation(world.place, REQUEST_ID)
    assert read is not None
    assert (read.done, read.fault) == (True, None)
    assert read == found


async def test_an_operation_that_never_was_is_none(world: World) -> None:
    assert await world.cloud.operation(world.place, "operation-none") is None
    assert await world.cloud.find_operation(world.place, OTHER_ID) is None


async def test_metadata_is_merged_with_what_is_there(world: World) -> None:
    await world.cloud.write_metadata(world.place, {"domain_name": "gpu.example.com", "gpubox-a": "1"})
    await world.cloud.write_metadata(world.place, {"gpubox-a": "2"})
    seen = await world.cloud.observe(world.place)
    assert dict(seen.metadata) == {"domain_name": "gpu.example.com", "gpubox-a": "2"}


async def test_a_run_limit_stands_and_tells_when_it_ends(world: World) -> None:
    wanted = Scheduling(timedelta(hours=12))
    await world.cloud.set_scheduling(world.place, wanted)
    assert (await world.cloud.observe(world.place)).scheduling == wanted
    await world.cloud.start(world.place, REQUEST_ID)
    seen = await world.cloud.observe(world.place)
    assert seen.run_limit_at == world.clock.now() + timedelta(hours=12)


async def test_a_run_limit_can_be_taken_away(world: World) -> None:
    await world.cloud.set_scheduling(world.place, Scheduling(timedelta(hours=12)))
    await world.cloud.set_scheduling(world.place, Scheduling(None))
    assert (await world.cloud.observe(world.place)).scheduling == Scheduling(None)


async def test_recent_operations_tell_who_stopped_a_box_newest_first(world: World) -> None:
    await world.cloud.start(world.place, REQUEST_ID)
    world.clock.advance(minutes=5)
    world.befall("preempt")
    world.clock.advance(minutes=5)
    recent = await world.cloud.recent_operations(world.place, world.clock.now() - timedelta(minutes=10))
    assert [operation.kind for operation in recent] == ["compute.instances.preempted", "start"]
    assert recent[0].user == "system"
    assert (await world.cloud.observe(world.place)).status == "TERMINATED"


async def test_operations_before_the_moment_asked_for_are_left_out(world: World) -> None:
    await world.cloud.start(world.place, REQUEST_ID)
    world.clock.advance(minutes=5)
    await world.cloud.stop(world.place, OTHER_ID)
    recent = await world.cloud.recent_operations(world.place, world.clock.now())
    assert [operation.kind for operation in recent] == ["stop"]


async def test_guest_attributes_are_empty_until_the_guest_writes(world: World) -> None:
    await world.cloud.write_metadata(world.place, {"enable-guest-attributes": "TRUE"})
    await world.cloud.start(world.place, REQUEST_ID)
    assert await world.cloud.guest_attributes(world.place) == {}
    world.write_attribute("phase", "ready")
    assert await world.cloud.guest_attributes(world.place) == {"phase": "ready"}


async def test_serial_output_is_read_on_from_where_it_ended(world: World) -> None:
    await world.cloud.start(world.place, REQUEST_ID)
    first = await world.cloud.serial_output(world.place)
    rest = await world.cloud.serial_output(world.place, first.next)
    assert rest.start == first.next


async def test_a_box_that_is_not_there_is_named(world: World) -> None:
    elsewhere = Place(PLACE.project, PLACE.zone, "nobody")
    with pytest.raises(NoSuchResource) as caught:
        await world.cloud.observe(elsewhere)
    assert caught.value.data == {"kind": "instance", "name": "nobody"}
