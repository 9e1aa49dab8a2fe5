"""The manager is killed (SIGKILL) at each step of a start and of a stop, against the embedded cloud.

Whoever comes after goes on from what it reads: exactly one box, in the state that was asked for, started once, and
nothing bills that should not.
"""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from manager import assembly
from manager.adapters.embedded.thread import CloudThread
from tests.support.process import PanelProcess
from tests.support.whole import PLACE

START = ["setMetadata", "setScheduling", "start", "operations"]
STOP = ["stop"]


class Reaper:
    """Kills a process when a request for `step` comes: before the cloud has acted on it, or before it can answer."""

    def __init__(self) -> None:
        self.victim: int | None = None
        self.step = ""
        self.after = False

    def expect(self, victim: int, step: str, *, after: bool) -> None:
        self.victim, self.step, self.after = victim, step, after

    def wrap(self, app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if self.victim is None or self.step not in scope.get("path", "").split("/"):
                await app(scope, receive, send)
                return
            victim, self.victim = self.victim, None
            if self.after:
                await app(scope, receive, _nobody)
            os.kill(victim, signal.SIGKILL)

        return answer


async def _nobody(_message: Any) -> None:
    """Nobody is there to hear the answer."""


@pytest.fixture
def reaper() -> Reaper:
    return Reaper()


@pytest.fixture
def cloud(tmp_path: Path, reaper: Reaper) -> Iterator[CloudThread]:
    with CloudThread(tmp_path / "cloud", speed=0.02, wrap=reaper.wrap) as served:
        yield served


@pytest.fixture
def manager(tmp_path: Path, cloud: CloudThread) -> Callable[[], PanelProcess]:
    _create_box(cloud)
    return lambda: PanelProcess(
        tmp_path / "state",
        CLOUD="gce",
        GCP_PROJECT=PLACE.project,
        GCE_ZONE=PLACE.zone,
        GCE_INSTANCE=PLACE.instance,
        GCE_API_ENDPOINT=cloud.endpoint,
    )


def _create_box(cloud: CloudThread) -> None:
    """A box that has been stopped since it was made."""
    at = f"{cloud.endpoint}/compute/v1/projects/{PLACE.project}/zones/{PLACE.zone}"
    image = "projects/deeplearning-platform-release/global/images/family/" + assembly.DEMO_BOX.image_family
    body = {
        "name": PLACE.instance,
        "machineType": f"zones/{PLACE.zone}/machineTypes/n1-standard-4",
        "disks": [{"boot": True, "initializeParams": {"sourceImage": image}}],
        "networkInterfaces": [{"accessConfigs": [{"type": "ONE_TO_ONE_NAT"}]}],
        "scheduling": {"onHostMaintenance": "TERMINATE"},
        "guestAccelerators": [
            {"acceleratorType": f"zones/{PLACE.zone}/acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 1}
        ],
    }
    assert httpx.post(f"{at}/instances", json=body).status_code == 200
    cloud.cloud.advance(3600)
    assert httpx.post(f"{at}/instances/{PLACE.instance}/stop").status_code == 200
    cloud.cloud.advance(3600)
    assert httpx.get(f"{at}/instances/{PLACE.instance}").json()["status"] == "TERMINATED"


def _ledger(cloud: CloudThread) -> dict[str, Any]:
    pages = httpx.get(f"{cloud.endpoint}/_gpubox/ledger").json()["instances"]
    (page,) = pages
    return page


@pytest.mark.parametrize("after", [False, True], ids=["before it acts", "before it answers"])
@pytest.mark.parametrize("step", START)
def test_a_start_that_is_killed_is_taken_up_and_starts_once(
    cloud: CloudThread, manager: Callable[[], PanelProcess], reaper: Reaper, step: str, after: bool
) -> None:
    before = _ledger(cloud)["starts"]
    with manager() as first:
        first.ready()
        reaper.expect(first.process.pid, step, after=after)
        first.post("/api/instance/start")
        assert first.wait() == -signal.SIGKILL
    with manager() as second:
        status = second.ready().until_phase("setting_up")
        assert status["status"] == "RUNNING"
        assert status["run_limit_at"] is not None
    assert _ledger(cloud)["starts"] == before + 1


@pytest.mark.parametrize("after", [False, True], ids=["before it acts", "before it answers"])
@pytest.mark.parametrize("step", STOP)
def test_a_stop_that_is_killed_is_taken_up_and_nothing_bills(
    cloud: CloudThread, manager: Callable[[], PanelProcess], reaper: Reaper, step: str, after: bool
) -> None:
    with manager() as first:
        first.ready().post("/api/instance/start")
        first.until_phase("setting_up")
        reaper.expect(first.process.pid, step, after=after)
        first.post("/api/instance/stop")
        assert first.wait() == -signal.SIGKILL
    with manager() as second:
        assert second.ready().until_phase("off")["status"] == "TERMINATED"
    assert not _ledger(cloud)["billing"]
