import os
from pathlib import Path

import pytest

from gpubox_agent.files import read_json, run_directory, state_directory, write_json


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_json(tmp_path / "new" / "a.json", {"at": 1.5, "name": "ü"})
    assert read_json(tmp_path / "new" / "a.json") == {"at": 1.5, "name": "ü"}
    assert (tmp_path / "new" / "a.json").stat().st_mode & 0o777 == 0o644
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["a.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "[" * 100_000, '{"a": "' + "x" * (4 << 20) + '"}'])
def test_what_is_no_object_is_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    assert read_json(tmp_path / "a.json") is None


def test_a_pipe_in_its_place_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    assert read_json(tmp_path / "a.json") is None
    assert read_json(tmp_path) is None


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"old": True})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"new": object()})
    assert read_json(tmp_path / "a.json") == {"old": True}
    assert len(list(tmp_path.iterdir())) == 1


def test_the_environment_moves_the_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUBOX_RUN", "/elsewhere")
    monkeypatch.setenv("STATE_DIRECTORY", "/state:/more")
    assert (run_directory(), state_directory("guard")) == (Path("/elsewhere"), Path("/state"))
