"""Commands that need no panel, and how commands fail."""

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from manager.adapters.passwords import verify_password
from manager.cli import app
from manager.cli.exits import MEANINGS, ExitCode
from manager.cli.serving import plain_options

from .conftest import Gpubox, environment, free_port, process
from .terminal import typed

COMMANDS = ("serve", "cloud", "status", "start", "stop", "hold", "logs", "doctor", "hash-password", "token")


def test_the_help_lists_every_command_and_every_exit_status() -> None:
    shown = CliRunner().invoke(app.build(), ["--help"], env={"COLUMNS": "160"})
    assert shown.exit_code == 0
    for command in (*COMMANDS, "box"):
        assert f"│ {command} " in shown.output
    said = re.sub(r"\s+", " ", shown.output)
    assert all(f"{int(code)} {meaning}" in said for code, meaning in MEANINGS.items())


@pytest.mark.parametrize("command", [[each] for each in COMMANDS] + [["box", "create"], ["box", "delete"]])
def test_every_command_explains_itself(command: list[str]) -> None:
    shown = CliRunner().invoke(app.build(command), [*command, "--help"], env={"COLUMNS": "160"})
    assert shown.exit_code == 0
    assert f"Usage: root {' '.join(command)}" in shown.output or f"{' '.join(command)} [OPTIONS]" in shown.output
    if command[0] != "serve":
        assert "--json" in shown.output


def test_the_list_of_commands_is_shown_without_importing_them(tmp_path: Path) -> None:
    shown = process("--version", env=environment(tmp_path), cwd=tmp_path)
    assert shown.communicate()[0].startswith("gpubox ")
    heavy = "('httpx', 'pydantic', 'sqlalchemy', 'rich')"
    code = f"import sys, manager.cli.app as a; a.build(['--help']); print([m for m in {heavy} if m in sys.modules])"
    listed = subprocess.run(  # noqa: S603 - this very program
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert listed.stdout.strip() == "[]"


def test_a_password_from_stdin_becomes_a_hash_and_a_line_for_the_settings(gpubox: Gpubox) -> None:
    ran = gpubox("hash-password", stdin="correct horse battery\n")
    hashed, line = ran.out.splitlines()[0], ran.out.splitlines()[-1]
    assert verify_password("correct horse battery", hashed)
    assert line == f"AUTH_PASSWORD_HASH='{hashed}'"
    as_json = gpubox("hash-password", "--json", stdin="correct horse battery\n")
    assert verify_password("correct horse battery", json.loads(as_json.out)["hash"])
    assert gpubox("hash-password", stdin="\n").code == 2


def test_a_password_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    prompts = "Password: ", "Once more: "

    def hashing(*answers: str) -> str:
        return typed(["hash-password"], dict(zip(prompts, answers, strict=True)), tmp_path, environment(tmp_path))

    ran = hashing("sesame sesame", "sesame sesame")
    assert all(prompt in ran for prompt in prompts)
    assert "sesame" not in ran
    assert "AUTH_PASSWORD_HASH='$argon2id$" in ran
    assert "two different passwords" in hashing("sesame sesame", "something else")


@pytest.mark.parametrize(
    "arguments",
    [
        ("hash-password", "hunter2-hunter2"),
        ("hash-password", "--password", "hunter2-hunter2"),
        ("token", "--password=hunter2-hunter2"),
        ("status", "--token", "hunter2-hunter2"),
        ("--token=hunter2-hunter2", "status"),
    ],
)
def test_secrets_on_the_command_line_are_refused_and_not_repeated(gpubox: Gpubox, arguments: tuple[str, ...]) -> None:
    ran = gpubox(*arguments)
    assert (ran.code, ran.out, "hunter2" in ran.err) == (2, "", False)
    assert "every user of this computer" in ran.err


def test_a_token_is_signed_with_the_secret_of_the_state_folder(gpubox: Gpubox, tmp_path: Path) -> None:
    nothing = gpubox("token")
    assert (nothing.code, "No panel has run here yet" in nothing.err) == (5, True)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "jwt-secret").write_text("a-secret-that-is-long-enough-for-a-test\n")
    assert gpubox("token").out.count(".") == 2
    assert gpubox("token", "--hours", "0").code == 2
    assert gpubox("token", "--hours", "1", "--url", "http://127.0.0.1:1").code == 2


@pytest.mark.parametrize("command", [("serve",), ("status",), ("cloud",), ("token",), ("box", "create", "b", "--yes")])
def test_a_wrong_setting_is_one_line_and_its_own_exit_status(
    gpubox: Gpubox, tmp_path: Path, command: tuple[str, ...]
) -> None:
    env = environment(tmp_path, IDLE_MINUTES="soon")
    if command == ("serve",):
        served = process("serve", env=env, cwd=tmp_path)
        out, err = served.communicate(timeout=30)
        code = served.returncode
    else:
        ran = gpubox(*command, env=env)
        code, out, err = ran.code, ran.out, ran.err
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert err.startswith("gpubox: IDLE_MINUTES: ")


def test_the_options_of_serve_count_like_settings(tmp_path: Path) -> None:
    weak = environment(tmp_path, AUTH_PASSWORD="changeme")
    everywhere = "0.0.0.0"  # noqa: S104 - it is refused
    served = process("serve", "--host", everywhere, env=weak, cwd=tmp_path)
    _, err = served.communicate(timeout=30)
    assert (served.returncode, "HOST=0.0.0.0" in err) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], {}),
        (["--port", "9000"], {"port": "9000"}),
        (["--host=::1", "--port=0"], {"host": "::1", "port": "0"}),
        (["--port", "99999"], None),
        (["--port", "x"], None),
        (["--port"], None),
        (["--host", "--port"], None),
        (["--help"], None),
        (["more"], None),
    ],
)
def test_plain_options_of_serve_are_read_without_typer(arguments: list[str], options: dict[str, str] | None) -> None:
    assert plain_options(arguments) == options


def test_a_usage_error_is_explained_and_has_its_own_exit_status(gpubox: Gpubox) -> None:
    assert gpubox("serve", "--port", "99999").code == 2
    typo = gpubox("sttaus")
    assert (typo.code, "status" in typo.err) == (2, True)
    assert gpubox("hold").code == 2


def test_an_unexpected_error_is_a_sentence_and_with_debug_a_trace(
    gpubox: Gpubox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(app, "build", broken)
    ran = gpubox("status")
    assert (ran.code, ran.err.count("\n"), "ZeroDivisionError" in ran.err) == (ExitCode.FAILED, 1, True)
    assert "Traceback" in gpubox("--debug", "status").err


def test_the_embedded_cloud_is_served_alone_until_it_is_told_to_end(tmp_path: Path) -> None:
    port = free_port()
    served = process("cloud", "--port", str(port), "--json", env=environment(tmp_path / "state"), cwd=tmp_path)
    assert served.stdout is not None
    endpoint = json.loads(served.stdout.readline())["endpoint"]
    assert endpoint == f"http://127.0.0.1:{port}"
    zones = httpx.get(f"{endpoint}/compute/v1/projects/gpubox-demo/zones").json()
    assert "us-central1-a" in [zone["name"] for zone in zones["items"]]
    served.send_signal(signal.SIGINT)
    _, err = served.communicate(timeout=30)
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_told(gpubox: Gpubox) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = gpubox("cloud", "--port", port)
    assert (ran.code, f"on port {port}: Address already in use." in ran.err) == (1, True)
