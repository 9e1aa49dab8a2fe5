"""What a panel may also say, or fail to say."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Gpubox, free_port
from .stub import TROUBLE, StubPanel, serving, status


@pytest.fixture
def stub() -> Iterator[StubPanel]:
    with serving(StubPanel()) as panel:
        panel.answers["/api/boxes"] = (200, {"boxes": [status(), status(name="second", phase="off")]})
        yield panel


@pytest.fixture
def env(stub: StubPanel) -> dict[str, str]:
    return {"GPUBOX_URL": stub.url, "GPUBOX_TOKEN": "a.b.c", "COLUMNS": "200", "TZ": "Asia/Kathmandu"}


def test_status_says_what_is_why_until_when_and_for_how_much_in_the_readers_zone(
    gpubox: Gpubox, env: dict[str, str]
) -> None:
    ran = gpubox("status", env=env)
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "● comfyui  On. Stops at 20:17 unless you go on.",
        "  why        Somebody was in this panel at 03:55.",
        "  stops      20:17, in 32:00",
        "  ComfyUI    http://127.0.0.2:8188",
        "  cost       $0.545 an hour · $0.38 this time · $11.20 this month · $20.00 a month at rest",
        "  machine    n1-standard-4 · nvidia-tesla-t4 · us-central1-a · comfyui · Google says RUNNING",
        "  others     second (off); see one with --box NAME",
    ]
    assert [line[0] for line in gpubox("status", "--all", env=env).out.splitlines()] == ["●", "○"]


def test_trouble_is_told_with_what_to_do_and_has_its_own_exit_status(
    gpubox: Gpubox, stub: StubPanel, env: dict[str, str]
) -> None:
    headline = {"code": "trouble", "text": TROUBLE["title"], "values": {}}
    sick = status(phase="trouble", trouble=TROUBLE, headline=headline, details=[], stops_at=None)
    stub.answers["/api/instance/status"] = (200, sick)
    ran = gpubox("status", env=env)
    assert ran.code == 6
    assert "▲ comfyui  Your Google project's quota is used up." in ran.out
    assert "what to do Ask Google for more: GPUS_ALL_REGIONS." in ran.out
    stub.streams = [[sick]]
    waited = gpubox("start", "--wait", env=env)
    assert (waited.code, "The quota GPUS_ALL_REGIONS is 0." in waited.err) == (6, True)


def test_a_step_that_failed_stands_out_among_the_others(gpubox: Gpubox, stub: StubPanel, env: dict[str, str]) -> None:
    states = {"done": 4.2, "failed": 0.3, "todo": None}
    steps = [
        {"code": state, "text": f"It is {state}", "values": {}, "state": state, "took_s": took}
        for state, took in states.items()
    ]
    stub.answers["/api/instance/status"] = (200, status(progress={"steps": steps, "eta_at": None}))
    said = gpubox("status", env=env).out
    assert [line[13:] for line in said.splitlines() if "It is" in line] == [
        "● It is done (4 s)",
        "▲ It is failed (0 s)",
        "○ It is todo",
    ]


def test_waiting_goes_on_where_it_was_when_the_connection_breaks(
    gpubox: Gpubox, stub: StubPanel, env: dict[str, str]
) -> None:
    starting = status(phase="starting", headline={"code": "starting", "text": "Starting.", "values": {}})
    stub.streams = [[starting], [], [starting, status()]]
    ran = gpubox("start", "--wait", "--timeout", "20", env=env)
    assert (ran.code, ran.err) == (0, "Starting.\nOn. Stops at 20:17 unless you go on.\n")
    resumed = [headers.get("last-event-id") for path, headers in stub.asked if path == "/api/events"]
    assert resumed == [None, "0", "0"]


def test_a_wait_ends_when_somebody_else_wants_something_else(
    gpubox: Gpubox, stub: StubPanel, env: dict[str, str]
) -> None:
    stub.streams = [[status(phase="stopping", intent="off")], [status(phase="starting")]]
    assert "called off" in gpubox("start", "--wait", env=env).err
    assert "wanted on again" in gpubox("stop", "--wait", env=env).err


def test_waiting_for_what_never_comes_ends_in_time(gpubox: Gpubox, env: dict[str, str]) -> None:
    assert gpubox("start", "--wait", "--timeout", "1", env=env).code == 9


def test_a_problem_is_told_in_the_panels_own_words(gpubox: Gpubox, stub: StubPanel, env: dict[str, str]) -> None:
    problem = {
        "code": "stockout",
        "title": "No T4 free.",
        "detail": "Nothing is billed. Try another zone.",
        "status": 502,
    }
    stub.answers["/api/instance/start"] = (502, problem)
    ran = gpubox("start", env=env)
    assert (ran.code, ran.out, ran.err) == (7, "", "gpubox: No T4 free. Nothing is billed. Try another zone.\n")


@pytest.mark.parametrize("body", ["<html>hello</html>", "[1]", '"text"', ""])
def test_something_else_that_answers_there_is_not_taken_for_the_panel(
    gpubox: Gpubox, stub: StubPanel, env: dict[str, str], body: str
) -> None:
    stub.answers["/api/instance/status"] = (200, body)
    ran = gpubox("status", env=env)
    assert (ran.code, "is not gpubox" in ran.err, "Traceback" in ran.err) == (4, True, False)


def test_a_panel_that_is_not_there_is_told_with_its_address(gpubox: Gpubox) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    ran = gpubox("status", "--url", url, env={"GPUBOX_TOKEN": "a.b.c"})
    assert (ran.code, url in ran.err, "Connection refused" in ran.err) == (4, True, True)


def test_where_the_public_address_leads_nowhere_the_panel_is_found_on_its_own_computer(
    gpubox: Gpubox, stub: StubPanel
) -> None:
    port = stub.url.rpartition(":")[2]
    nowhere = f"http://127.0.0.1:{free_port()}"
    everywhere = "0.0.0.0"  # noqa: S104 - only read, nothing listens
    env = {
        "PUBLIC_URL": nowhere,
        "HOST": everywhere,
        "PORT": port,
        "JWT_SECRET": "a-secret-that-is-long-enough-for-a-test",
    }
    assert gpubox("status", env=env).code == 0


def test_this_computers_secret_signs_nothing_for_another_computer(gpubox: Gpubox) -> None:
    env = {"JWT_SECRET": "a-secret-that-is-long-enough-for-a-test"}
    ran = gpubox("status", "--url", "http://198.51.100.7:8187", env=env)
    assert (ran.code, "There is no session." in ran.err) == (5, True)


def test_a_url_or_a_token_file_that_cannot_be_is_refused(gpubox: Gpubox, env: dict[str, str], tmp_path: Path) -> None:
    for url in ("panel", "ftp://panel", "http://user:secret@panel"):
        ran = gpubox("status", "--url", url, env=env)
        assert (ran.code, "secret" in ran.err) == (2, False)
    assert gpubox("status", "--token-file", "nowhere", env=env).code == 5
    (tmp_path / "empty").touch()
    assert gpubox("status", "--token-file", "empty", env=env).code == 5
