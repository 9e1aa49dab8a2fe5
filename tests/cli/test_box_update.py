"""`gpubox box update`, against a panel that says what it is told to, and against a real one."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Gpubox, RealPanel
from .stub import TROUBLE, StubPanel, serving, status

DETAIL = "v0.34.0: start: No module named torch."


@pytest.fixture
def stub() -> Iterator[StubPanel]:
    with serving(StubPanel()) as panel:
        panel.answers["/api/instance/status"] = (200, on("0.33.0"))
        panel.answers["/api/instance/update"] = (202, on("0.33.0"))
        yield panel


@pytest.fixture
def env(stub: StubPanel) -> dict[str, str]:
    return {"GPUBOX_URL": stub.url, "GPUBOX_TOKEN": "a.b.c", "COLUMNS": "200", "TZ": "UTC"}


def on(version: str | None, *failures: str, **more: Any) -> dict[str, Any]:
    notices = [
        {
            "code": "box.update_failed",
            "title": "The update of ComfyUI failed.",
            "detail": {"text": "{detail} The version from before is running.", "values": {"detail": detail}},
            "remedy": {"text": "The log says why.", "values": {}},
        }
        for detail in failures
    ]
    return status(comfyui={"asked": None, "version": version}, notices=notices, **more)


def test_a_box_that_is_on_is_asked(gpubox: Gpubox, env: dict[str, str]) -> None:
    ran = gpubox("box", "update", "--comfyui", "v0.34.0", env=env)
    assert ran.code == 0
    assert ran.out.startswith("Asked for. comfyui builds v0.34.0 beside the one that runs")


def test_a_box_that_is_off_gets_it_at_its_next_start_and_is_not_waited_for(
    gpubox: Gpubox, stub: StubPanel, env: dict[str, str]
) -> None:
    off = on(None, intent="off", status="TERMINATED", phase="off")
    stub.answers["/api/instance/update"] = (202, off)
    ran = gpubox("box", "update", "--comfyui", "v0.34.0", "--wait", env=env)
    assert (ran.code, ran.out) == (0, "Noted. comfyui is not on; it gets v0.34.0 at its next start.\n")


def test_another_box_is_named(gpubox: Gpubox, stub: StubPanel, env: dict[str, str]) -> None:
    answer = (200, on("0.33.0", name="second"))
    stub.answers |= {"/api/boxes/second/status": answer, "/api/boxes/second/update": answer}
    ran = gpubox("box", "update", "second", "--comfyui", "v0.34.0", "--json", env=env)
    said = json.loads(ran.out)
    assert (ran.code, said["name"], said["outcome"]) == (0, "second", "asked")


def test_waiting_ends_once_the_new_version_answers(gpubox: Gpubox, stub: StubPanel, env: dict[str, str]) -> None:
    stub.streams = [[on("0.33.0"), on(None, phase="setting_up"), on("0.34.0")]]
    ran = gpubox("box", "update", "--comfyui", "v0.34.0", "--wait", env=env)
    assert (ran.code, ran.out) == (0, "comfyui runs v0.34.0.\n")


def test_waiting_ends_where_the_box_kept_the_version_before(
    gpubox: Gpubox, stub: StubPanel, env: dict[str, str]
) -> None:
    stub.streams = [[on("0.33.0"), on("0.33.0", DETAIL)]]
    ran = gpubox("box", "update", "--comfyui", "v0.34.0", "--wait", env=env)
    assert ran.code == 6
    assert "No module named torch. The version from before is running. The log says why." in ran.err


def test_an_old_failure_is_no_news_until_it_comes_again(gpubox: Gpubox, stub: StubPanel, env: dict[str, str]) -> None:
    stub.answers["/api/instance/status"] = (200, on("0.33.0", DETAIL))
    stub.streams = [[on("0.33.0", DETAIL), on("0.33.0"), on("0.33.0", DETAIL)]]
    assert gpubox("box", "update", "--comfyui", "v0.34.0", "--wait", env=env).code == 6
    stub.streams = [[on("0.33.0", DETAIL), on("0.34.0")]]
    assert gpubox("box", "update", "--comfyui", "v0.34.0", "--wait", env=env).code == 0


@pytest.mark.parametrize(
    ("end", "code"),
    [({"phase": "trouble", "trouble": TROUBLE}, 6), ({"phase": "stopping", "intent": "off"}, 1)],
)
def test_waiting_ends_where_the_box_does(
    gpubox: Gpubox, stub: StubPanel, env: dict[str, str], end: dict[str, Any], code: int
) -> None:
    stub.streams = [[on("0.33.0"), on(None, **end)]]
    assert gpubox("box", "update", "--comfyui", "v0.34.0", "--wait", env=env).code == code


def test_waiting_has_an_end(gpubox: Gpubox, stub: StubPanel, env: dict[str, str]) -> None:
    stub.streams = [[on("0.33.0")]]
    assert gpubox("box", "update", "--comfyui", "v0.34.0", "--wait", "--timeout", "1", env=env).code == 9


@pytest.mark.parametrize("arguments", [(), ("--comfyui", "v0.34.0", "--as-set")])
def test_a_version_has_to_be_named(gpubox: Gpubox, env: dict[str, str], arguments: tuple[str, ...]) -> None:
    ran = gpubox("box", "update", *arguments, env=env)
    assert (ran.code, "--as-set" in ran.err) == (2, True)


def test_without_a_panel_it_says_so(gpubox: Gpubox) -> None:
    env = {"GPUBOX_URL": "http://127.0.0.1:9", "GPUBOX_TOKEN": "a.b.c"}
    assert gpubox("box", "update", "--comfyui", "v0.34.0", env=env).code == 4


def test_a_real_panel_notes_it_and_goes_back(gpubox: Gpubox, panel: RealPanel) -> None:
    noted = gpubox("box", "update", "comfyui", "--comfyui", "v0.34.0", "--json", env=panel.env)
    assert (noted.code, json.loads(noted.out)["comfyui"]["asked"]) == (0, "v0.34.0")
    assert gpubox("box", "update", "--comfyui", "v1 2", env=panel.env).code == 2
    assert gpubox("box", "update", "other", "--comfyui", "v0.34.0", env=panel.env).code == 8
    back = gpubox("box", "update", "--as-set", env=panel.env)
    assert back.out == "Noted. comfyui is not on; it gets the ComfyUI of COMFYUI_REF at its next start.\n"
