import os
from pathlib import Path

from gpubox_agent.guard.growth import GrowingFiles
from gpubox_agent.guard.verdict import Sign

MIB = 1 << 20


def sized(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.truncate(size)


def test_what_lies_there_is_no_sign_and_what_grows_is(tmp_path: Path) -> None:
    model = tmp_path / "checkpoints" / "a.safetensors"
    sized(model, 4 * MIB)
    look = GrowingFiles([tmp_path], Sign.DOWNLOAD)
    assert look(1) == {}
    assert look(2) == {}
    sized(model, 5 * MIB)
    assert look(3) == {Sign.DOWNLOAD: 3}
    assert look(4) == {}


def test_a_download_that_begins_is_a_sign_at_its_first_byte(tmp_path: Path) -> None:
    look = GrowingFiles([tmp_path], Sign.DOWNLOAD)
    look(1)
    sized(tmp_path / "vae" / "b.safetensors.part", 10)
    assert look(2) == {Sign.DOWNLOAD: 2}


def test_a_file_that_was_allocated_beforehand_moves_by_its_time(tmp_path: Path) -> None:
    file = tmp_path / "c.safetensors"
    sized(file, 8 * MIB)
    look = GrowingFiles([tmp_path], Sign.DOWNLOAD)
    look(1)
    os.utime(file, ns=(1, 12345))
    assert look(2) == {Sign.DOWNLOAD: 2}


def test_notes_and_caches_are_no_download(tmp_path: Path) -> None:
    look = GrowingFiles([tmp_path], Sign.DOWNLOAD)
    look(1)
    sized(tmp_path / "extra.json", 2 * MIB)
    sized(tmp_path / "cache.db", 2 * MIB)
    sized(tmp_path / "thumbnail.png", 1000)
    assert look(2) == {}


def test_a_folder_that_is_not_there_and_a_circle_of_links_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    look = GrowingFiles([tmp_path / "none", tmp_path], Sign.UPLOAD)
    assert look(1) == {}
    assert look(2) == {}
