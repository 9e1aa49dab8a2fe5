"""The doctor finds what is wrong, says what to do, and finds nothing where nothing is."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from manager.adapters.gce import Limits
from manager.cli.checks import cloud, here, machine, rounds, web
from manager.cli.checks.finding import State
from manager.domain.box import Place
from manager.settings import Settings

from .conftest import Gpubox, RealPanel, environment, free_port

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
PLACE = Place("my-project", "us-central1-a", "comfyui")
HEALTHY: dict[str, Any] = {
    "status": "TERMINATED",
    "deletionProtection": True,
    "scheduling": {
        "automaticRestart": False,
        "maxRunDuration": {"seconds": "43200"},
        "instanceTerminationAction": "STOP",
    },
    "disks": [{"boot": True, "source": "disks/comfyui", "autoDelete": True}, {"source": "disks/comfyui-data"}],
    "guestAccelerators": [{"acceleratorType": "acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 1}],
}


def sheet(ran_out: str) -> dict[str, str]:
    return {line["check"]: line["state"] for line in json.loads(ran_out)["checks"]}


def test_a_healthy_installation_gets_a_clean_sheet(gpubox: Gpubox, panel: RealPanel) -> None:
    assert gpubox("start", "--wait", "--timeout", "60", env=panel.env).code == 0
    ran = gpubox("doctor", "--json", env=panel.env)
    found = sheet(ran.out)
    assert (ran.code, json.loads(ran.out)["ok"]) == (0, True)
    not_looked_at = {check for check, state in found.items() if state == "skipped"}
    assert not_looked_at == {"permissions", "domain", "name server", "firewall rule"}
    assert {state for state in found.values() if state != "skipped"} == {"ok"}
    assert {
        "settings",
        "database",
        "panel",
        "clock",
        "instance",
        "run limit",
        "data disk",
        "GPU",
        "ComfyUI",
    } < found.keys()
    shown = gpubox("doctor", env=panel.env)
    assert (shown.code, shown.out.splitlines()[0][:10], shown.out.splitlines()[-1]) == (0, "✓ settings", "All is well.")


def test_a_box_that_is_not_there_is_told_after_what_is(gpubox: Gpubox, panel: RealPanel) -> None:
    ran = gpubox("doctor", "--json", env=panel.env | {"GCE_INSTANCE": "another"})
    found = sheet(ran.out)
    assert (ran.code, found["zone"], found["instance"]) == (1, "ok", "wrong")
    assert "run limit" not in found


def test_a_cloud_that_does_not_answer_is_told_once(
    gpubox: Gpubox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "_LIMITS", Limits(attempt=1, read=0.3))
    env = environment(tmp_path, GCE_API_ENDPOINT=f"http://127.0.0.1:{free_port()}", PORT=str(free_port()))
    ran = gpubox("doctor", env=env)
    assert ran.code == 1
    assert "✗ cloud" in ran.out
    assert "– credentials" in ran.out  # noqa: RUF001 - a dash is meant
    assert "2 things to mend." in ran.out


def test_before_the_first_start_only_the_panel_is_missing(gpubox: Gpubox, tmp_path: Path) -> None:
    ran = gpubox("doctor", "--json", env=environment(tmp_path / "state", PORT=str(free_port())))
    assert [check for check, state in sheet(ran.out).items() if state == "wrong"] == ["panel"]
    assert not (tmp_path / "state").exists()


def test_a_wrong_setting_is_the_only_finding(gpubox: Gpubox, tmp_path: Path) -> None:
    ran = gpubox("doctor", "--json", env=environment(tmp_path, IDLE_MINUTES="soon"))
    assert (ran.code, sheet(ran.out)) == (1, {"settings": "wrong"})


@pytest.mark.parametrize(
    ("change", "check", "state"),
    [
        ({}, "run limit", "ok"),
        ({"scheduling": {"automaticRestart": False}}, "run limit", "note"),
        ({"scheduling": {"automaticRestart": False}, "status": "RUNNING"}, "run limit", "wrong"),
        ({"scheduling": {"instanceTerminationAction": "DELETE"}}, "run limit", "wrong"),
        ({"scheduling": {}}, "automatic restart", "note"),
        ({"scheduling": {}, "status": "STAGING"}, "automatic restart", "wrong"),
        ({"deletionProtection": False}, "deletion protection", "wrong"),
        ({"disks": [{"source": "disks/models", "autoDelete": True}]}, "data disk", "wrong"),
        ({"disks": []}, "data disk", "note"),
    ],
)
def test_a_backstop_that_does_not_stand_is_found(change: dict[str, Any], check: str, state: str) -> None:
    found = {finding.check: finding for finding in machine.look(HEALTHY | change, PLACE, 12, NOW)}
    assert found[check].state == state
    assert (found[check].remedy != "") == (state == "wrong") or state == "note"


@pytest.mark.parametrize(
    ("day", "state"), [((2026, 11, 21), State.OK), ((2027, 3, 1), State.NOTE), ((2027, 8, 1), State.WRONG)]
)
def test_the_end_of_the_t4_is_told_as_it_comes_near(day: tuple[int, int, int], state: State) -> None:
    findings = machine.look(HEALTHY, PLACE, 12, datetime(*day, tzinfo=UTC))
    assert [finding.state for finding in findings if finding.check == "GPU"] == [state]


@pytest.mark.parametrize(("seconds", "state"), [(0.9, State.OK), (-9, State.OK), (-30, State.NOTE), (61, State.WRONG)])
def test_a_clock_that_is_off_is_found(seconds: float, state: State) -> None:
    assert cloud.skew(seconds).state is state


def test_a_full_disk_and_a_folder_that_cannot_be_used_are_found(tmp_path: Path) -> None:
    assert [here.free_space(gb * 1e9).state for gb in (0.1, 0.5, 5)] == [State.WRONG, State.NOTE, State.OK]
    (tmp_path / "file").touch()
    assert here.state_folder(tmp_path / "file" / "state").state is State.WRONG
    secret = tmp_path / "jwt-secret"
    secret.touch(0o644)
    assert here.state_folder(tmp_path).remedy == f"Run: chmod 600 {secret}"


@pytest.mark.parametrize(
    ("settings", "addresses", "ip", "state"),
    [
        ({}, [], None, State.SKIPPED),
        ({"comfyui_domain": "comfy.example.com"}, ["192.0.2.7"], "192.0.2.7", State.OK),
        ({"comfyui_domain": "comfy.example.com"}, ["192.0.2.7"], "192.0.2.8", State.WRONG),
        ({"comfyui_domain": "comfy.example.com"}, ["192.0.2.7"], None, State.NOTE),
        ({"comfyui_domain": "comfy.example.com", "cf_tunnel_token_path": "/t"}, ["192.0.2.9"], "192.0.2.8", State.OK),
        ({"comfyui_domain": "comfy.example.com"}, None, "192.0.2.8", State.WRONG),
    ],
)
async def test_a_domain_that_leads_elsewhere_is_found(
    settings: dict[str, str], addresses: list[str] | None, ip: str | None, state: State
) -> None:
    def resolve(_: str) -> list[str]:
        if addresses is None:
            raise OSError(-2, "Name or service not known")
        return addresses

    assert (await web.domain(Settings(**settings), ip, resolve)).state is state
