"""What can go wrong goes wrong on demand, in Google's words, and as often as asked for."""

import pytest

from manager.adapters.embedded.thread import CloudThread
from tests.adapters.embedded.conftest import Caller, HeldClock

_UUID = "6f1d2c1e-0000-4000-8000-00000000000a"


@pytest.fixture
def off(call: Caller, clock: HeldClock) -> Caller:
    call.insert()
    call.post("/instances/gpubox/stop")
    clock.pass_(60)
    return call


def _fault(call: Caller, kind: str, match: dict[str, str] | None = None, **more: object) -> None:
    times = more.pop("times", 1)
    call.admin("POST", "faults", {"kind": kind, "match": match or {}, "times": times, "parameters": more})


def _start(call: Caller, clock: HeldClock) -> dict[str, object]:
    operation = call.post("/instances/gpubox/start").json()
    clock.pass_(30)
    return call.get(f"/operations/{operation['name']}")  # type: ignore[no-any-return]


def test_a_stockout_names_the_zones_that_have_room(off: Caller, clock: HeldClock) -> None:
    match = {"zone": "us-west1-b", "machine_type": "n1-standard-4"}
    _fault(off, "stockout", match, zonesAvailable=["us-west1-a", "us-central1-f"])
    operation = _start(off, clock)
    assert (operation["status"], operation["httpErrorStatusCode"]) == ("DONE", 503)
    (error,) = operation["error"]["errors"]  # type: ignore[index]
    assert error["code"] == "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"
    assert "STOCKOUT" in error["message"]
    information = error["errorDetails"][2]["errorInfo"]
    assert information["reason"] == "resource_availability"
    assert information["metadatas"] == {
        "vmType": "n1-standard-4",
        "attachment": "nvidia-tesla-t4:1",
        "zone": "us-west1-b",
        "zonesAvailable": "us-west1-a,us-central1-f",
    }
    assert off.status() == "TERMINATED"
    assert "error" not in _start(off, clock)
    assert off.status() == "RUNNING"


def test_a_plain_stockout_has_no_details(off: Caller, clock: HeldClock) -> None:
    _fault(off, "stockout", plain=True)
    (error,) = _start(off, clock)["error"]["errors"]  # type: ignore[index]
    assert set(error) == {"code", "message"}


def test_a_stockout_of_another_machine_type_does_not_strike(off: Caller, clock: HeldClock) -> None:
    _fault(off, "stockout", {"machine_type": "g2-standard-4"}, times=None)
    assert "error" not in _start(off, clock)


def test_a_stockout_at_the_insert_leaves_no_box_and_no_disk(call: Caller, clock: HeldClock) -> None:
    _fault(call, "stockout")
    call.insert()
    clock.pass_(30)
    assert call.instance()["error"]["code"] == 404
    assert "items" not in call.get("/disks")


def test_a_quota_error_tells_metric_and_limit(off: Caller, clock: HeldClock) -> None:
    _fault(off, "quota", limit=0.0)
    operation = _start(off, clock)
    (error,) = operation["error"]["errors"]  # type: ignore[index]
    assert (operation["httpErrorStatusCode"], error["code"]) == (403, "QUOTA_EXCEEDED")
    assert error["errorDetails"][0]["quotaInfo"]["limitName"] == "GPUS-ALL-REGIONS-per-project"


def test_an_operation_may_fail_without_an_http_status(off: Caller, clock: HeldClock) -> None:
    _fault(off, "operation-error", code="INTERNAL_ERROR")
    operation = _start(off, clock)
    assert "error" in operation
    assert "httpErrorStatusCode" not in operation


def test_a_failed_stop_leaves_the_box_running(off: Caller, clock: HeldClock) -> None:
    _start(off, clock)
    _fault(off, "operation-error", {"method": "instances.stop"})
    off.post("/instances/gpubox/stop")
    clock.pass_(60)
    assert off.status() == "RUNNING"


@pytest.mark.parametrize(
    ("kind", "parameters", "status", "reason"),
    [
        ("permission-denied", {"permission": "compute.instances.start"}, 403, "forbidden"),
        ("api-disabled", {}, 403, "accessNotConfigured"),
        ("billing-disabled", {}, 403, "forbidden"),
        ("rate-limit", {}, 429, "rateLimitExceeded"),
        ("rate-limit", {"status": 403}, 403, "rateLimitExceeded"),
        ("error-before", {"status": 500}, 500, "internalError"),
        ("error-before", {}, 503, "backendError"),
    ],
)
def test_a_refusal_before_the_effect_changes_nothing(
    off: Caller, clock: HeldClock, kind: str, parameters: dict[str, object], status: int, reason: str
) -> None:
    _fault(off, kind, {"method": "instances.start"}, **parameters)
    refused = off.post("/instances/gpubox/start")
    assert refused.status_code == status
    assert refused.json()["error"]["errors"][0]["reason"] == reason
    clock.pass_(30)
    assert off.status() == "TERMINATED"


def test_a_missing_permission_is_named(off: Caller) -> None:
    _fault(off, "permission-denied", {"method": "instances.start"})
    message = off.post("/instances/gpubox/start").json()["error"]["message"]
    box = "projects/my-project/zones/us-west1-b/instances/gpubox"
    assert message == f"Required 'compute.instances.start' permission for '{box}'"


def test_a_disabled_api_says_so_in_its_details(off: Caller) -> None:
    _fault(off, "api-disabled")
    error = off.post("/instances/gpubox/start").json()["error"]
    assert error["details"][1]["reason"] == "SERVICE_DISABLED"


def test_an_error_after_the_effect_hides_that_the_box_starts(off: Caller, clock: HeldClock) -> None:
    _fault(off, "error-after", {"method": "instances.start"})
    assert off.post("/instances/gpubox/start").status_code == 503
    clock.pass_(30)
    assert off.status() == "RUNNING"


def test_a_lost_answer_closes_the_connection_after_the_effect(off: Caller, clock: HeldClock) -> None:
    _fault(off, "lost-answer", {"method": "instances.start"})
    with pytest.raises(off.transport_error):
        off.post("/instances/gpubox/start")
    clock.pass_(30)
    assert off.status() == "RUNNING"


def test_a_duplicated_delivery_with_a_request_id_acts_once(off: Caller, clock: HeldClock) -> None:
    _fault(off, "duplicate", {"method": "instances.start"}, times=None)
    off.post("/instances/gpubox/start", requestId=_UUID)
    clock.pass_(30)
    assert len(off.get("/operations", filter="operationType=start")["items"]) == 1
    off.post("/instances/gpubox/start")  # without one, each delivery counts
    assert len(off.get("/operations", filter="operationType=start")["items"]) == 3


def test_a_duplicated_insert_is_one_box(call: Caller, clock: HeldClock) -> None:
    _fault(call, "duplicate")
    assert call.insert().status_code == 200
    clock.pass_(30)
    assert len(call.get("/instances")["items"]) == 1


def test_a_stale_read_answers_what_was(off: Caller, clock: HeldClock) -> None:
    assert off.status() == "TERMINATED"
    clock.pass_(20)
    off.post("/instances/gpubox/start")
    _fault(off, "stale-read", {"method": "instances.get"}, seconds=10)
    assert off.status() == "TERMINATED"
    assert off.status() == "PROVISIONING"


def test_a_slow_answer_comes_late(off: Caller) -> None:
    _fault(off, "slow-answer", seconds=0.05)
    assert off.http.get(f"{off.zone}/instances/gpubox").elapsed.total_seconds() >= 0.05


def test_a_slow_operation_takes_longer_and_a_stuck_one_never_ends(off: Caller, clock: HeldClock) -> None:
    _fault(off, "slow-operation", seconds=300)
    assert _start(off, clock)["status"] == "RUNNING"
    clock.pass_(300)
    assert off.status() == "RUNNING"
    _fault(off, "stuck-operation")
    operation = off.post("/instances/gpubox/stop").json()
    clock.pass_(100_000)
    assert off.get(f"/operations/{operation['name']}")["status"] == "RUNNING"
    assert off.status() == "STOPPING"
    assert off.admin("GET", "ledger")["instances"][0]["billing"]


def test_a_second_stop_frees_a_box_that_is_stuck_stopping(off: Caller, clock: HeldClock) -> None:
    _start(off, clock)
    _fault(off, "stuck-operation")
    off.post("/instances/gpubox/stop")
    clock.pass_(1000)
    off.post("/instances/gpubox/stop")
    clock.pass_(20)
    assert off.status() == "TERMINATED"


@pytest.mark.parametrize(("kind", "cause"), [("preempted", "preempted"), ("powers-off", "guestTerminate")])
def test_a_guest_may_end_by_itself_some_time_after_it_runs(
    off: Caller, clock: HeldClock, kind: str, cause: str
) -> None:
    _fault(off, kind, {"instance": "gpubox"}, seconds=100)
    _start(off, clock)
    assert off.status() == "RUNNING"
    clock.pass_(130)
    assert off.status() == "TERMINATED"
    assert len(off.get("/operations", filter=f"operationType=compute.instances.{cause}")["items"]) == 1


def test_faults_are_listed_counted_down_and_removed(call: Caller, served: CloudThread) -> None:
    first = served.cloud.faults.add("rate-limit", {"method": "instances.get"}, times=2)
    second = call.admin("POST", "faults", {"kind": "quota", "times": None})
    assert call.http.get(f"{call.zone}/instances/gpubox").status_code == 429
    assert [(fault["id"], fault["times"]) for fault in call.admin("GET", "faults")] == [
        (first.id, 1),
        (second["id"], None),
    ]
    call.admin("DELETE", f"faults/{second['id']}")
    call.admin("DELETE", "faults")
    assert call.admin("GET", "faults") == []


@pytest.mark.parametrize(
    "wrong", [{"kind": "earthquake"}, {"kind": "quota", "match": {"colour": "red"}}, {"kind": "quota", "times": 0}, {}]
)
def test_a_fault_that_could_never_strike_is_refused(call: Caller, wrong: dict[str, object]) -> None:
    assert call.http.post("/_gpubox/faults", json=wrong).status_code == 400
