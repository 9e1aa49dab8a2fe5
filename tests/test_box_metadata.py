"""What the manager writes into a box's metadata, held against what an earlier start left there."""

from pathlib import Path

from manager.box_metadata import box_metadata
from manager.domain.metadata import due
from manager.settings import Settings

STARTUP = Path(__file__).parents[1] / "startup"


def written(**values: str) -> dict[str, str]:
    settings = Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return box_metadata(settings, STARTUP, "key", "https://panel.example.com")


def test_settings_that_were_taken_back_do_not_stay_in_force_on_the_box() -> None:
    first = written(
        comfyui_box_args="--force-fp16", package_index="https://pypi.example.com/simple", allowed_ip="203.0.113.0/24"
    )
    there = due({}, first)
    taken_out = {key for key, value in due(there, written()).items() if not value}
    assert taken_out == {"gpubox-comfyui-args", "gpubox-package-index", "allowed_ip"}


def test_a_box_that_was_written_is_written_no_more() -> None:
    there = {key: value for key, value in due({}, written()).items() if value}
    assert due(there, written()) == {}
