from pathlib import Path
from typing import Any

import pytest

from gpubox_agent.files import write_json
from gpubox_agent.guard.relayed import Provisioning, hold_until, keep_alive_at, model_download, statement
from gpubox_agent.guard.verdict import Sign


def told(folder: Path, now: float = 2000) -> tuple[float | None, float | None]:
    said = statement(folder, lambda: now)
    return (None, None) if said is None else (keep_alive_at(said), hold_until(said))


def test_ages_count_from_the_statements_moment(tmp_path: Path) -> None:
    write_json(tmp_path / "manager.json", {"at": 1000.0, "keep_alive_age_s": 30, "hold_s": 600, "stopping": False})
    assert told(tmp_path) == (970, 1600)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"at": "now", "keep_alive_age_s": 1, "hold_s": 1},
        {"at": 5, "keep_alive_age_s": None, "hold_s": None},
        {"at": 5, "keep_alive_age_s": -1, "hold_s": float("inf")},
        {"at": 1e9, "keep_alive_age_s": 1, "hold_s": 1},
    ],
)
def test_a_statement_without_a_usable_figure_is_no_sign(tmp_path: Path, body: dict[str, Any]) -> None:
    write_json(tmp_path / "manager.json", body)
    assert told(tmp_path) == (None, None)


def test_half_a_file_and_no_file_are_no_sign(tmp_path: Path) -> None:
    assert told(tmp_path) == (None, None)
    (tmp_path / "manager.json").write_text('{"at": 10', encoding="utf-8")
    assert told(tmp_path) == (None, None)


def test_the_model_list_is_a_sign_while_it_runs(tmp_path: Path) -> None:
    assert model_download(tmp_path, 100) == {}
    write_json(tmp_path / "models.json", {"at": 95.0, "state": "running", "files": []})
    assert model_download(tmp_path, 100) == {Sign.DOWNLOAD: 95}
    assert model_download(tmp_path, 1000) == {}, "the program that wrote it is dead"
    write_json(tmp_path / "models.json", {"at": 95.0, "state": "done", "files": []})
    assert model_download(tmp_path, 100) == {}
    write_json(tmp_path / "models.json", {"at": 1e9, "state": "running", "files": []})
    assert model_download(tmp_path, 100) == {}, "it would be a sign at every look, for ever"


def progress(state: str, log: str, code: str = "python") -> dict[str, Any]:
    return {"boot": "1", "steps": [{"code": code, "state": state, "took_s": 1, "share": 0.5}], "log": log}


def test_provisioning_is_a_sign_while_it_moves(tmp_path: Path) -> None:
    look = Provisioning(tmp_path)
    assert look(1) == {}
    write_json(tmp_path / "progress.json", {**progress("now", "one"), "at": 1})
    assert look(10) == {Sign.START: 10}
    write_json(tmp_path / "progress.json", {**progress("now", "one"), "at": 2})
    assert look(20) == {}, "the same again is no progress"
    write_json(tmp_path / "progress.json", progress("now", "two"))
    assert look(30) == {Sign.START: 30}
    write_json(tmp_path / "progress.json", progress("failed", "three"))
    assert look(40) == {}


def test_the_step_of_the_models_is_left_to_their_own_report(tmp_path: Path) -> None:
    write_json(tmp_path / "progress.json", progress("now", "one", code="models"))
    assert Provisioning(tmp_path)(10) == {}
