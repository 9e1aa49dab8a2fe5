"""A person's and a script's commands against a real panel on the embedded cloud."""

import json
import re
import signal
from pathlib import Path

import httpx
import pytest

from .conftest import Gpubox, RealPanel, process

ENOUGH = ("--wait", "--timeout", "60")


@pytest.fixture
def off(gpubox: Gpubox, panel: RealPanel) -> None:
    assert gpubox("stop", *ENOUGH, env=panel.env).code == 0


@pytest.mark.usefixtures("off")
def test_start_waits_until_comfyui_answers_and_stop_until_google_confirmed(gpubox: Gpubox, panel: RealPanel) -> None:
    on = gpubox("start", *ENOUGH, "--json", env=panel.env)
    assert (on.code, json.loads(on.out)["phase"]) == (0, "ready")
    assert "On. Stops at" in on.err
    off = gpubox("stop", *ENOUGH, env=panel.env)
    assert (off.code, off.out.splitlines()[0][:14]) == (0, "○ comfyui  Off")
    seen = json.loads(gpubox("status", "--json", env=panel.env).out)
    assert (seen["phase"], seen["status"]) == ("off", "TERMINATED")


@pytest.mark.usefixtures("off")
def test_status_tells_the_sentence_the_cost_and_googles_own_word(gpubox: Gpubox, panel: RealPanel) -> None:
    ran = gpubox("status", env=panel.env)
    assert ran.code == 0
    assert re.search(r"^○ comfyui  (Off\. Google confirmed at \d\d:\d\d\.|Your box )", ran.out)
    assert "$0.545 an hour" in ran.out
    assert "Google says TERMINATED" in ran.out


def test_a_hold_is_set_by_span_by_clock_and_ended(gpubox: Gpubox, panel: RealPanel) -> None:
    spans = (("2h",), ("30m",), ("until", "18:00"), ("90",))
    for words in spans:
        held = json.loads(gpubox("hold", *words, "--json", env=panel.env).out)["hold_until"]
        assert held is not None
    assert json.loads(gpubox("hold", "off", "--json", env=panel.env).out)["hold_until"] is None
    too_long = gpubox("hold", "9d", env=panel.env)
    assert (too_long.code, "within 7 days" in too_long.err) == (2, True)


def test_logs_print_what_the_machine_wrote(gpubox: Gpubox, panel: RealPanel) -> None:
    assert gpubox("start", *ENOUGH, env=panel.env).code == 0
    ran = gpubox("logs", env=panel.env)
    assert (ran.code, "ComfyUI" in ran.out) == (0, True)
    piece = json.loads(gpubox("logs", "--box", "comfyui", "--json", env=panel.env).out)
    rest = json.loads(gpubox("logs", "--json", "--start", str(piece["serial"]["next"]), env=panel.env).out)
    assert len(rest["serial"]["text"]) < len(piece["serial"]["text"])


def test_watching_prints_each_change_until_it_is_interrupted(panel: RealPanel, gpubox: Gpubox, tmp_path: Path) -> None:
    watching = process("status", "--watch", "--json", env=panel.env, cwd=tmp_path)
    assert watching.stdout is not None
    assert json.loads(watching.stdout.readline())["name"] == "comfyui"
    gpubox("hold", "1h", env=panel.env)
    assert json.loads(watching.stdout.readline())["hold_until"] is not None
    gpubox("hold", "off", env=panel.env)
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=30)
    assert (watching.returncode, "Traceback" in err) == (130, False)


def test_an_unknown_box_has_its_own_exit_status(gpubox: Gpubox, panel: RealPanel) -> None:
    for command in (("status",), ("start",), ("stop",), ("hold", "1h"), ("logs",)):
        ran = gpubox(*command, "--box", "../nix", env=panel.env)
        assert (ran.code, ran.out, "no box named ../nix" in ran.err) == (8, "", True), command


def test_a_signed_token_opens_the_panel_and_only_for_its_time(gpubox: Gpubox, panel: RealPanel, tmp_path: Path) -> None:
    ran = gpubox("token", "--hours", "0.5", "--json", env=panel.env)
    signed = json.loads(ran.out)
    with httpx.Client(base_url=panel.url, headers={"x-auth-token": signed["token"]}) as web:
        checked = web.get("/api/auth/check").json()
    assert checked["expires_at"] == signed["expires_at"]
    (tmp_path / "token").write_text(signed["token"] + "\n")
    elsewhere = {"GPUBOX_URL": panel.url, "COLUMNS": "200"}
    assert gpubox("status", "--token-file", "token", env=elsewhere).code == 0
    assert gpubox("status", env=elsewhere | {"GPUBOX_TOKEN": signed["token"]}).code == 0


def test_without_a_token_elsewhere_the_way_to_log_in_is_told_and_works(gpubox: Gpubox, panel: RealPanel) -> None:
    elsewhere = {"GPUBOX_URL": panel.url}
    refused = gpubox("status", env=elsewhere)
    assert (refused.code, f"gpubox token --url {panel.url}" in refused.err) == (5, True)
    token = gpubox("token", "--url", panel.url, env={}, stdin="correct horse battery\n").out.strip()
    assert gpubox("status", env=elsewhere | {"GPUBOX_TOKEN": token}).code == 0
    wrong = gpubox("token", "--url", panel.url, env={}, stdin="open sesame\n")
    assert (wrong.code, wrong.out, "sesame" in wrong.err) == (5, "", False)
    forged = gpubox("status", env=elsewhere | {"GPUBOX_TOKEN": "not.a.token"})
    assert (forged.code, "Please log in." in forged.err) == (5, True)
