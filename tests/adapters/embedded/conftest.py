"""A cloud in a thread, held by its clock, judged by Google's discovery document."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from manager.adapters.embedded.thread import CloudThread
from tests.adapters.embedded.discovery import Discovery
from tests.adapters.embedded.judge import Judge

PROJECT, ZONE = "my-project", "us-west1-b"


class HeldClock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def discovery() -> Discovery:
    return Discovery()


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def judge(discovery: Discovery) -> Iterator[Judge]:
    """Fails the test at its end if a request or a response was not Google's."""
    judge = Judge(discovery)
    yield judge
    assert judge.complaints == []


@pytest.fixture
def serve(tmp_path: Path, clock: HeldClock, judge: Judge) -> Iterator[Callable[..., CloudThread]]:
    """Serve a cloud for the length of a test; again after its `__exit__`, on the same state."""
    with ExitStack() as stack:

        def start(**options: Any) -> CloudThread:
            options = {"clock": clock, "speed": 1.0, "wrap": judge.around} | options
            return stack.enter_context(CloudThread(tmp_path / "cloud", **options))

        yield start


@pytest.fixture
def served(serve: Callable[..., CloudThread]) -> CloudThread:
    return serve()


class Caller:
    """Raw HTTP to the API, for what a client library would hide."""

    transport_error = httpx.TransportError

    def __init__(self, endpoint: str) -> None:
        self.http = httpx.Client(base_url=endpoint, trust_env=False)
        self.base = f"/compute/v1/projects/{PROJECT}"
        self.zone = f"{self.base}/zones/{ZONE}"

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(self.zone + path, params=query).json()

    def post(self, path: str, body: Any = None, **query: Any) -> httpx.Response:
        return self.http.post(self.zone + path, json=body, params=query)

    def insert(self, name: str = "gpubox", **changed: Any) -> httpx.Response:
        return self.post("/instances", box(name) | changed)

    def instance(self, name: str = "gpubox") -> Any:
        return self.get(f"/instances/{name}")

    def status(self, name: str = "gpubox") -> str:
        return str(self.instance(name)["status"])

    def admin(self, verb: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(verb, "/_gpubox/" + path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def call(served: CloudThread) -> Iterator[Caller]:
    caller = Caller(served.endpoint)
    yield caller
    caller.http.close()


def box(name: str = "gpubox") -> dict[str, Any]:
    """A T4 box as it is inserted."""
    return {
        "name": name,
        "machineType": f"zones/{ZONE}/machineTypes/n1-standard-4",
        "guestAccelerators": [
            {"acceleratorType": f"zones/{ZONE}/acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 1}
        ],
        "scheduling": {"onHostMaintenance": "TERMINATE", "automaticRestart": False},
        "disks": [
            {
                "boot": True,
                "autoDelete": True,
                "initializeParams": {
                    "sourceImage": "projects/debian-cloud/global/images/family/debian-12",
                    "diskSizeGb": "50",
                },
            }
        ],
        "networkInterfaces": [{"accessConfigs": [{"name": "External NAT", "type": "ONE_TO_ONE_NAT"}]}],
        "metadata": {"items": [{"key": "enable-guest-attributes", "value": "TRUE"}]},
    }
