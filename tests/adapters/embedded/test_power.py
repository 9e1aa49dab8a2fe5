"""Instances go on and off as Compute Engine's do, by the clock alone."""

from collections.abc import Callable

from manager.adapters.embedded.thread import CloudThread
from tests.adapters.embedded.conftest import Caller, HeldClock, box

_LIMIT = {"maxRunDuration": {"seconds": "3600"}, "instanceTerminationAction": "STOP"}


def _address(call: Caller) -> str | None:
    config = call.instance()["networkInterfaces"][0]["accessConfigs"][0]
    return config.get("natIP")


def _operations(call: Caller, kind: str) -> list[dict[str, str]]:
    return call.get("/operations", filter=f"operationType={kind}").get("items", [])


def _running(call: Caller, clock: HeldClock, **changed: object) -> None:
    assert call.insert(**changed).status_code == 200
    clock.pass_(30)
    assert call.status() == "RUNNING"


def test_a_start_passes_through_provisioning_and_staging(call: Caller, clock: HeldClock) -> None:
    operation = call.insert().json()
    seen = [(operation["status"], call.status())]
    for _ in range(5):
        clock.pass_(6)
        seen.append((call.get(f"/operations/{operation['name']}")["status"], call.status()))
    assert seen == [
        ("PENDING", "PROVISIONING"),
        ("RUNNING", "STAGING"),
        ("RUNNING", "STAGING"),
        ("RUNNING", "STAGING"),
        ("DONE", "RUNNING"),
        ("DONE", "RUNNING"),
    ]


def test_a_stop_takes_its_time_and_ends_terminated(call: Caller, clock: HeldClock) -> None:
    _running(call, clock)
    operation = call.post("/instances/gpubox/stop").json()
    assert operation["operationType"] == "stop"
    assert call.status() == "STOPPING"
    clock.pass_(16)
    assert call.status() == "STOPPING"
    clock.pass_(2)
    assert call.status() == "TERMINATED"
    assert call.get(f"/operations/{operation['name']}")["progress"] == 100


def test_starting_while_stopping_is_refused_as_not_ready(call: Caller, clock: HeldClock) -> None:
    _running(call, clock)
    call.post("/instances/gpubox/stop")
    refused = call.post("/instances/gpubox/start")
    assert refused.status_code == 400
    assert refused.json()["error"]["errors"][0]["reason"] == "resourceNotReady"


def test_stopping_a_stopped_box_is_no_error_and_changes_nothing(call: Caller, clock: HeldClock) -> None:
    _running(call, clock)
    call.post("/instances/gpubox/stop")
    clock.pass_(20)
    again = call.post("/instances/gpubox/stop").json()
    assert again["status"] == "DONE"
    assert "error" not in again
    assert call.status() == "TERMINATED"


def test_a_second_stop_joins_the_first(call: Caller, clock: HeldClock) -> None:
    _running(call, clock)
    call.post("/instances/gpubox/stop")
    clock.pass_(10)
    second = call.post("/instances/gpubox/stop").json()
    clock.pass_(8)
    assert call.get(f"/operations/{second['name']}")["status"] == "DONE"
    assert call.status() == "TERMINATED"


def test_a_stop_overtakes_a_start_whose_operation_then_ends_with_an_error(call: Caller, clock: HeldClock) -> None:
    operation = call.insert().json()
    clock.pass_(3)
    call.post("/instances/gpubox/stop")
    overtaken = call.get(f"/operations/{operation['name']}")
    assert overtaken["status"] == "DONE"
    assert overtaken["error"]["errors"][0]["code"] == "OPERATION_CANCELED_BY_USER"
    clock.pass_(40)
    assert call.status() == "TERMINATED"
    assert call.admin("GET", "ledger")["instances"][0]["seconds"] == 0


def test_the_external_address_changes_with_every_start_and_is_released_by_the_stop(
    call: Caller, clock: HeldClock
) -> None:
    _running(call, clock)
    first = _address(call)
    call.post("/instances/gpubox/stop")
    clock.pass_(20)
    assert _address(call) is None
    call.post("/instances/gpubox/start")
    clock.pass_(30)
    second = _address(call)
    assert first is not None
    assert second is not None
    assert first != second
    assert {first.split(".")[0], second.split(".")[0]} == {"127"}
    assert "127.0.0.1" not in {first, second}


def test_the_run_limit_is_announced_on_running_and_really_stops_the_box(call: Caller, clock: HeldClock) -> None:
    call.insert(scheduling=box()["scheduling"] | _LIMIT)
    assert "terminationTimestamp" not in call.instance()["resourceStatus"]["scheduling"]
    clock.pass_(22)
    assert call.instance()["resourceStatus"]["scheduling"] == {"terminationTimestamp": "2026-11-21T05:00:22.000-08:00"}
    clock.pass_(3599)
    assert call.status() == "RUNNING"
    assert _operations(call, "compute.instances.deferredStop") == []
    clock.pass_(2)
    assert call.status() == "STOPPING"
    clock.pass_(20)
    assert call.status() == "TERMINATED"
    assert call.instance()["resourceStatus"]["scheduling"] == {}
    (stopped,) = _operations(call, "compute.instances.deferredStop")
    assert stopped["user"] == "system"


def test_a_stop_by_hand_takes_the_planned_stop_back(call: Caller, clock: HeldClock) -> None:
    _running(call, clock, scheduling=box()["scheduling"] | _LIMIT)
    call.post("/instances/gpubox/stop")
    clock.pass_(7200)
    assert _operations(call, "compute.instances.deferredStop") == []


def test_the_run_limit_works_while_the_cloud_is_down(serve: Callable[..., CloudThread], clock: HeldClock) -> None:
    first = serve()
    caller = Caller(first.endpoint)
    caller.insert(scheduling=box()["scheduling"] | _LIMIT)
    caller.http.close()
    first.__exit__(None, None, None)
    clock.pass_(4000)
    later = Caller(serve().endpoint)
    assert later.status() == "TERMINATED"
    assert later.admin("GET", "ledger")["instances"][0]["seconds"] == 3617
    assert _operations(later, "compute.instances.deferredStop")
    later.http.close()


def test_a_preemption_a_poweroff_and_a_host_error_stop_the_box_and_name_their_cause(
    call: Caller, clock: HeldClock
) -> None:
    causes = {"preempt": "preempted", "poweroff": "guestTerminate", "crash": "hostError"}
    call.insert()
    for action, cause in causes.items():
        clock.pass_(60)
        call.post("/instances/gpubox/start")
        clock.pass_(30)
        call.admin("POST", "machines/gpubox", {"action": action})
        clock.pass_(30)
        assert call.status() == "TERMINATED"
        assert len(_operations(call, f"compute.instances.{cause}")) == 1


def test_a_host_error_with_automatic_restart_brings_the_box_back(call: Caller, clock: HeldClock) -> None:
    _running(call, clock, scheduling={"onHostMaintenance": "TERMINATE", "automaticRestart": True})
    call.admin("POST", "machines/gpubox", {"action": "crash"})
    assert call.status() == "REPAIRING"
    clock.pass_(61)
    assert call.status() == "RUNNING"
    assert call.admin("GET", "ledger")["instances"][0]["starts"] == 2


def test_a_deleted_box_goes_with_the_disks_that_go_with_it(call: Caller, clock: HeldClock) -> None:
    data = {"initializeParams": {"diskName": "data", "diskSizeGb": "10"}, "autoDelete": False}
    call.insert(disks=[*box()["disks"], data])
    clock.pass_(30)
    call.http.delete(f"{call.zone}/instances/gpubox")
    assert call.status() == "STOPPING"
    clock.pass_(30)
    assert call.instance()["error"]["code"] == 404
    assert [disk["name"] for disk in call.get("/disks")["items"]] == ["data"]
    (page,) = call.admin("GET", "ledger")["instances"]
    assert not page["billing"]


def test_a_protected_box_is_not_deleted(call: Caller, clock: HeldClock) -> None:
    _running(call, clock, deletionProtection=True)
    assert call.http.delete(f"{call.zone}/instances/gpubox").status_code == 400
    clock.pass_(60)
    assert call.status() == "RUNNING"


def test_a_reset_keeps_the_box_running_at_its_address(call: Caller, clock: HeldClock) -> None:
    _running(call, clock)
    before = _address(call)
    assert call.post("/instances/gpubox/reset").json()["operationType"] == "reset"
    assert (call.status(), _address(call)) == ("RUNNING", before)


def test_at_speed_zero_everything_happens_at_once(serve: Callable[..., CloudThread]) -> None:
    caller = Caller(serve(speed=0).endpoint)
    assert caller.insert().json()["status"] == "DONE"
    assert caller.status() == "RUNNING"
    assert caller.post("/instances/gpubox/stop").json()["status"] == "DONE"
    assert caller.status() == "TERMINATED"
    caller.http.close()


def test_the_ledger_bills_from_running_until_terminated(call: Caller, clock: HeldClock) -> None:
    call.insert()
    clock.pass_(122)
    call.post("/instances/gpubox/stop")
    clock.pass_(1000)
    (page,) = call.admin("GET", "ledger")["instances"]
    assert page["seconds"] == 117
    assert page["starts"] == 1
    assert page["intervals"][0]["from"] == "2026-11-21T04:00:22.000-08:00"
