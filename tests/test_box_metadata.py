"""What the manager writes into a box's metadata, held against what an earlier start left there."""

from pathlib import Path

from manager.box_metadata import box_metadata
from manager.domain.box import Observation, Scheduling
from manager.domain.lifecycle import Wanted, metadata_fits
from manager.settings import Settings
from tests.support.factories import NOON, T4

STARTUP = Path(__file__).parents[1] / "startup"


def written(**values: str) -> dict[str, str]:
    settings = Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return box_metadata(settings, STARTUP, "key", "https://panel.example.com")


def seen(metadata: dict[str, str]) -> Observation:
    return Observation(NOON, "TERMINATED", T4, Scheduling(None), metadata)


def fits(metadata: dict[str, str], wanted: dict[str, str]) -> bool:
    return metadata_fits(seen(metadata), Wanted(wanted, Scheduling(None)))


def test_a_setting_that_was_taken_back_does_not_stay_in_force_on_the_box() -> None:
    before = written(
        comfyui_box_args="--force-fp16", package_index="https://pypi.example.com/simple", allowed_ip="203.0.113.0/24"
    )
    now = written()
    assert not fits(before, now)
    assert {now["gpubox-comfyui-args"], now["gpubox-package-index"], now["allowed_ip"]} == {""}


def test_a_setting_that_never_was_need_not_be_written() -> None:
    now = written()
    assert fits({key: value for key, value in now.items() if value}, now)
