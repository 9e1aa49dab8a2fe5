import pytest

from manager.adapters.memory import MemoryCloud
from manager.domain.box import Intent, Operation
from manager.domain.errors import (
    CloudUnreachable,
    Fault,
    PermissionMissing,
    QuotaExceeded,
    Stockout,
)
from tests.support.clock import ManualClock
from tests.support.factories import PLACE
from tests.support.fakes import FullDiskStore, RefusingCloud, UnreachableCloud
from tests.support.world import World

NO_CAPACITY = Stockout(zone="us-central1-a", machine="nvidia-tesla-t4", zones=["us-central1-f"])


def pending(clock: ManualClock) -> MemoryCloud:
    return MemoryCloud(clock, pending=True)


class TestAStart:
    async def test_is_answered_before_the_cloud_is_asked(self) -> None:
        world = await World().open()
        await world.boxes.start("comfyui")
        assert world.phase == "starting"
        assert (world.vm.starts, world.woken) == (0, 1)

    async def test_brings_the_box_up_with_its_metadata_and_run_limit(self) -> None:
        world = await World().running()
        assert world.vm.starts == 1
        assert world.vm.seen.metadata == world.rules.wanted("comfyui").metadata
        assert world.vm.seen.scheduling.max_run is not None
        assert world.status["run_limit_at"] is not None
        assert world.journal() == ["start_asked", "manager_started", "started", "ready"]

    async def test_asked_for_twice_starts_once(self) -> None:
        world = await World(cloud=pending).open()
        for _ in range(3):
            await world.boxes.start("comfyui")
            await world.tick()
        world.cloud.settle(PLACE)
        await world.tick(2)
        assert (world.vm.starts, world.phase) == (1, "ready")
        assert world.journal().count("start_asked") == 1

    async def test_shows_its_timeline_and_learns_how_long_steps_take(self) -> None:
        world = await World(cloud=pending).open()
        await world.boxes.start("comfyui")
        await world.tick()
        states = [step["state"] for step in world.status["progress"]["steps"]]
        assert states == ["now", "todo", "todo", "todo"]
        await world.tick()
        world.cloud.settle(PLACE)
        world.comfyui.away = True
        await world.tick()
        assert world.phase == "setting_up"
        assert [step["state"] for step in world.status["progress"]["steps"]] == ["done", "done", "now", "todo"]
        world.comfyui.away = False
        await world.tick()
        assert world.status["progress"] is None
        assert world.live.usual == {"capacity": 6.0, "booted": 0.0, "comfyui": 2.0}
        await world.boxes.stop("comfyui")
        await world.tick(2)
        world.cloud.settle(PLACE)
        await world.tick()
        await world.restart()
        await world.boxes.start("comfyui")
        await world.tick(2)
        assert world.status["reason"] == "Starting, usually about 8 s."
        assert world.status["progress"]["eta_at"] is not None

    async def test_that_was_called_off_before_it_was_sent_never_happens(self) -> None:
        world = await World().open()
        await world.tick()
        await world.boxes.start("comfyui")
        await world.boxes.stop("comfyui")
        await world.tick(3)
        assert (world.vm.starts, world.phase) == (0, "off")
        assert "start_cancelled" in world.journal()

    async def test_that_was_called_off_under_way_ends_in_a_box_that_is_off(self) -> None:
        world = await World(cloud=pending).open()
        await world.boxes.start("comfyui")
        await world.tick(2)
        await world.boxes.stop("comfyui")
        await world.tick(2)
        assert world.phase == "stopping"
        world.cloud.settle(PLACE)
        await world.tick(2)
        world.cloud.settle(PLACE)
        await world.tick(2)
        assert (world.vm.seen.status, world.phase) == ("TERMINATED", "off")

    async def test_during_a_stop_is_remembered_and_done_after_it(self) -> None:
        world = await World(cloud=pending).open()
        await world.boxes.start("comfyui")
        await world.tick(2)
        world.cloud.settle(PLACE)
        await world.tick(2)
        await world.boxes.stop("comfyui")
        await world.tick(2)
        assert world.vm.seen.status == "STOPPING"
        await world.boxes.start("comfyui")
        await world.tick()
        assert world.status["headline"]["code"] == "starting.after_stop"
        world.cloud.settle(PLACE)
        await world.tick(2)
        world.cloud.settle(PLACE)
        await world.tick(2)
        assert (world.vm.starts, world.phase) == (2, "ready")

    async def test_without_a_run_limit_of_googles_is_told_and_the_panel_keeps_it(self) -> None:
        world = await World().open()
        await world.boxes.start("comfyui")
        world.cloud.vms[PLACE].seen  # noqa: B018 - the VM is there
        forgetful = world.cloud.observe

        async def without_limit(place: object) -> object:
            from dataclasses import replace  # noqa: PLC0415

            return replace(await forgetful(place), run_limit_at=None)

        world.cloud.observe = without_limit
        await world.tick(3)
        assert "backstop_missing" in world.journal()
        await world.boxes.hold("comfyui", world.clock.now().replace(day=23))
        await world.tick(hours=12)
        assert world.journal()[-1] == "run_limit_stop"

    async def test_without_a_wish_for_a_run_limit_asks_for_none(self) -> None:
        world = await World(max_run_s=None).running()
        assert world.vm.seen.scheduling.max_run is None
        assert "backstop_missing" not in world.journal()


class TestAStartThatIsRefused:
    async def test_for_want_of_capacity_is_queued_and_tried_again(self) -> None:
        world = await World(cloud=RefusingCloud).open()
        world.cloud.refuses = {"start": NO_CAPACITY}
        await world.boxes.start("comfyui")
        await world.tick()
        assert world.phase == "queued"
        assert world.status["trouble"]["title"] == "No nvidia-tesla-t4 free in us-central1-a right now."
        assert "us-central1-f" in world.status["trouble"]["detail"]["values"]["rooms"]
        assert world.status["reason"] == "Waiting for a free T4. Nothing is being billed."
        world.cloud.refuses = {}
        await world.tick(3, seconds=15)
        assert world.phase == "ready"

    async def test_for_want_of_quota_says_what_to_do_and_is_put_away_by_a_person(self) -> None:
        world = await World(cloud=RefusingCloud).open()
        world.cloud.refuses = {"start": QuotaExceeded(metric="GPUS_ALL_REGIONS", limit="0", scope="global")}
        await world.boxes.start("comfyui")
        await world.tick(2)
        assert (world.phase, world.status["trouble"]["code"]) == ("trouble", "quota_exceeded")
        assert world.status["trouble"]["actions"] == ["start", "dismiss"]
        await world.boxes.stop("comfyui")
        await world.tick()
        assert world.phase == "off"

    @pytest.mark.parametrize("call", ["write_metadata", "set_scheduling"])
    async def test_while_it_is_prepared_names_the_missing_right(self, call: str) -> None:
        world = await World(cloud=RefusingCloud).open()
        world.cloud.refuses = {call: PermissionMissing(permission="compute.instances.x", resource="the box")}
        await world.boxes.start("comfyui")
        await world.tick(2)
        assert world.status["trouble"]["code"] == "permission_missing"
        assert "compute.instances.x" in str(world.status["trouble"]["detail"]["values"])
        assert world.vm.starts == 0

    async def test_by_its_operation_is_refused_all_the_same(self) -> None:
        world = await World(cloud=pending).open()
        await world.boxes.start("comfyui")
        await world.tick(2)
        (name,) = world.vm.operations
        world.vm.operations[name] = Operation(
            name, "start", done=True, at=world.clock.now(), fault=Fault("quota_exceeded")
        )
        world.cloud.outside(PLACE, "stop")
        await world.tick(2)
        assert world.status["trouble"]["code"] == "quota_exceeded"
        assert "fault" in world.journal()


class TestAnAnswerThatIsLost:
    async def test_does_not_start_the_box_twice(self) -> None:
        world = await World(cloud=lambda clock: UnreachableCloud(clock, pending=True)).open()
        world.cloud.lost = {"start"}
        await world.boxes.start("comfyui")
        await world.tick(4, seconds=20)
        assert world.vm.starts == 1
        world.cloud.lost = frozenset()
        world.cloud.settle(PLACE)
        await world.tick(3, seconds=20)
        assert (world.vm.starts, world.phase) == (1, "ready")

    async def test_of_a_stop_is_asked_for_again(self) -> None:
        world = await World(cloud=UnreachableCloud).running()
        world.cloud.lost = {"stop"}
        await world.boxes.stop("comfyui")
        await world.tick(2, seconds=20)
        assert (world.vm.stops, world.phase) == (1, "off")

    async def test_to_a_call_that_never_arrived_is_given_up_for_a_new_one(self) -> None:
        world = await World(cloud=UnreachableCloud).open()
        await world.tick()
        await world.boxes.start("comfyui")
        live = world.live
        live.box.start  # noqa: B018 - it is there
        from manager.domain import transitions  # noqa: PLC0415

        await world.registry.change(
            live, lambda box: transitions.sending(box, Intent.ON, "never-arrived", None, world.clock.now())
        )
        await world.tick(minutes=40)
        assert world.vm.starts == 0
        await world.tick(3)
        assert (world.vm.starts, world.phase) == (1, "ready")


class TestAStop:
    async def test_is_said_only_once_the_cloud_has_said_so(self) -> None:
        world = await World(cloud=pending).open()
        await world.boxes.start("comfyui")
        await world.tick(2)
        world.cloud.settle(PLACE)
        await world.tick(2)
        await world.boxes.stop("comfyui")
        await world.tick(3)
        assert (world.phase, world.status["reason"]) == ("stopping", "Stopping. Google has not confirmed yet.")
        await world.tick(minutes=5)
        assert "take it as billing" in world.status["reason"]
        world.cloud.settle(PLACE)
        await world.tick(2)
        assert (world.phase, world.status["headline"]["code"]) == ("off", "off.confirmed")
        assert world.journal()[-1] == "stopped"

    async def test_that_is_refused_is_tried_for_ever_and_is_trouble(self) -> None:
        world = await World(cloud=RefusingCloud).running()
        world.cloud.refuses = {"stop": PermissionMissing(permission="compute.instances.stop", resource="the box")}
        await world.boxes.stop("comfyui")
        await world.tick(20, minutes=30)
        assert (world.phase, world.status["trouble"]["actions"]) == ("trouble", ["stop"])
        assert world.journal().count("fault") == 1
        world.cloud.refuses = {}
        await world.tick(2, minutes=2)
        assert world.vm.seen.status == "TERMINATED"

    async def test_is_made_even_where_the_disk_is_full(self) -> None:
        world = await World(store=FullDiskStore()).running()
        world.store.full = True
        await world.tick(70, minutes=1)
        assert world.vm.seen.status == "TERMINATED"
        assert world.phase == "off"

    async def test_whose_operation_cannot_be_read_is_looked_at_again(self) -> None:
        world = await World(cloud=lambda clock: RefusingCloud(clock, pending=True)).open()
        await world.boxes.start("comfyui")
        await world.tick(2)
        world.cloud.refuses = {"operation": CloudUnreachable(endpoint="x", detail="y")}
        await world.tick(2)
        assert world.phase == "starting"
        world.cloud.refuses = {}
        world.cloud.settle(PLACE)
        await world.tick(2)
        assert world.phase == "ready"
