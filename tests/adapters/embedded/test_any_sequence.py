"""Whatever is called in whatever order, with faults, restarts and time passing: what must hold, holds."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from manager.adapters.embedded.cloud import Cloud
from manager.adapters.embedded.machines.idle import IdleMachine
from manager.adapters.embedded.machines.keeper import Keeper
from manager.adapters.embedded.server import create_app
from tests.adapters.embedded.conftest import HeldClock, box
from tests.adapters.embedded.discovery import Discovery
from tests.adapters.embedded.judge import Judge

_ZONE = "/compute/v1/projects/my-project/zones/us-west1-b"
_NAMES = st.sampled_from(["gpubox", "other"])
_REQUESTS = st.sampled_from([None, *(f"6f1d2c1e-0000-4000-8000-00000000000{n}" for n in range(1, 4))])
_BILLING = {"RUNNING", "STOPPING", "REPAIRING"}
_FAULTS = st.sampled_from(
    [
        *("stockout", "quota", "operation-error", "stuck-operation", "slow-operation", "error-before"),
        *("error-after", "duplicate", "stale-read", "powers-off", "preempted", "host-error", "hangs"),
    ]
)
_DISCOVERY = Discovery()
Json = dict[str, Any]


class AnySequence(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = HeldClock()
        self.judge = Judge(_DISCOVERY)
        self.operations: dict[str, str] = {}
        self.billed: dict[str, tuple[float, int]] = {}
        self.loop = asyncio.Runner()
        self.open()

    def open(self) -> None:
        self.cloud = Cloud(Path(self.folder.name), self.clock, speed=1.0)
        self.keeper = Keeper(self.cloud, IdleMachine)
        transport = httpx.ASGITransport(self.judge.around(create_app(self.cloud)))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    def close(self) -> None:
        self.loop.run(self.keeper.close())
        self.loop.run(self.http.aclose())
        self.cloud.close()

    def teardown(self) -> None:
        self.close()
        self.loop.close()
        self.folder.cleanup()
        assert self.judge.complaints == []

    def request(self, verb: str, path: str, **more: Any) -> httpx.Response:
        return self.loop.run(self.http.request(verb, path, **more))

    def call(self, path: str, request_id: str | None, body: Json | None = None, verb: str = "POST") -> None:
        query = {"requestId": request_id} if request_id else {}
        answer = self.request(verb, _ZONE + path, json=body, params=query)
        assert answer.status_code in {200, 400, 404, 409, 503}, answer.text
        if answer.status_code == 200 and request_id:
            name = answer.json()["name"]
            assert self.operations.setdefault(request_id, name) == name, "a requestId acted twice"

    def truth(self, path: str) -> Json:
        """Read past the faults that make reads stale or refuse them."""
        armed = self.cloud.faults.all()
        self.cloud.faults.clear()
        answer = self.request("GET", path).json()
        for fault in armed:
            self.cloud.faults.add(fault.kind, fault.match, fault.times, **fault.parameters)
        return answer

    @rule(name=_NAMES, request_id=_REQUESTS, limited=st.booleans())
    def insert(self, name: str, request_id: str | None, limited: bool) -> None:
        body = box(name)
        if limited:
            body["scheduling"] |= {"maxRunDuration": {"seconds": "100"}, "instanceTerminationAction": "STOP"}
        self.call("/instances", request_id, body)

    @rule(name=_NAMES, request_id=_REQUESTS, verb=st.sampled_from(["start", "stop", "reset"]))
    def power(self, name: str, request_id: str | None, verb: str) -> None:
        self.call(f"/instances/{name}/{verb}", request_id)

    @rule(name=_NAMES, request_id=_REQUESTS)
    def delete(self, name: str, request_id: str | None) -> None:
        self.call(f"/instances/{name}", request_id, verb="DELETE")

    @rule(name=_NAMES)
    def read(self, name: str) -> None:
        self.request("GET", f"{_ZONE}/instances/{name}")

    @rule(kind=_FAULTS)
    def go_wrong(self, kind: str) -> None:
        self.cloud.faults.add(kind)

    @rule(name=_NAMES, action=st.sampled_from(["poweroff", "preempt", "crash", "hang", "wake"]))
    def befall(self, name: str, action: str) -> None:
        assert self.request("POST", f"/_gpubox/machines/{name}", json={"action": action}).status_code in {200, 400, 404}

    @rule(seconds=st.sampled_from([1, 5, 17, 40, 200]))
    def wait(self, seconds: float) -> None:
        self.clock.pass_(seconds)

    @precondition(lambda self: self.operations)
    @rule()
    def restart(self) -> None:
        before = (self.truth(f"{_ZONE}/instances"), self.truth(f"{_ZONE}/operations"), self.ledger())
        self.close()
        self.open()
        assert (self.truth(f"{_ZONE}/instances"), self.truth(f"{_ZONE}/operations"), self.ledger()) == before

    def ledger(self) -> list[Json]:
        return list(self.request("GET", "/_gpubox/ledger").json()["instances"])

    @invariant()
    def what_must_hold_holds(self) -> None:
        boxes: list[Json] = self.truth(f"{_ZONE}/instances").get("items", [])
        assert len({shown["name"] for shown in boxes}) == len(boxes)
        pages = {page["id"]: page for page in self.ledger()}
        for number, (seconds, starts) in self.billed.items():
            assert (pages[number]["seconds"], pages[number]["starts"]) >= (seconds, starts), "the ledger forgot"
        self.billed = {number: (page["seconds"], page["starts"]) for number, page in pages.items()}
        for shown in boxes:
            page, status = pages.pop(shown["id"]), shown["status"]
            assert page["billing"] or status not in {"RUNNING", "REPAIRING"}, status
            assert not page["billing"] or status in _BILLING, status
            limited = "maxRunDuration" in shown["scheduling"] and status == "RUNNING"
            assert limited is ("terminationTimestamp" in shown["resourceStatus"]["scheduling"])
            address = shown["networkInterfaces"][0]["accessConfigs"][0].get("natIP")
            assert (address is not None) is (status in {"STAGING", *_BILLING}) or status == "STOPPING"
        assert not any(page["billing"] for page in pages.values()), "a box that is gone bills"
        addresses = [shown["networkInterfaces"][0]["accessConfigs"][0].get("natIP") for shown in boxes]
        used = [address for address in addresses if address]
        assert len(set(used)) == len(used)
        self.machines_follow(boxes)

    def machines_follow(self, boxes: list[Json]) -> None:
        self.loop.run(self.keeper.tick())
        assert set(self.keeper._machines) <= {shown["id"] for shown in boxes}, "a machine without a box"
        for shown in boxes:
            machine = self.keeper.machine(shown["id"])
            assert (machine is not None and machine.alive) or shown["status"] != "RUNNING"
            assert machine is None or shown["status"] in {"RUNNING", "STOPPING"}


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
