"""`gpubox token --box`: what a program shows at a box's gate."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from manager.adapters.passes import SERVICE, keep_passes
from manager.domain.errors import NotAuthenticated

from .conftest import Gpubox, environment


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the command signs with the computer's clock


@pytest.mark.parametrize(
    ("arguments", "box", "days"),
    [
        (("--box", "studio", "--days", "2"), "studio", 2.0),
        (("--box", "studio"), "studio", 30.0),
        (("--days", "0.5"), "comfyui", 0.5),
    ],
)
def test_a_service_token_is_for_one_box_and_for_its_time(
    gpubox: Gpubox, tmp_path: Path, arguments: tuple[str, ...], box: str, days: float
) -> None:
    passes, _ = keep_passes(tmp_path / "state" / "gate-key")
    ran = gpubox("token", *arguments, "--json")
    signed = json.loads(ran.out)
    claims = passes.read(SERVICE, signed["token"], box, now())
    assert claims["sub"] == "program"
    assert claims["exp"] - claims["iat"] == timedelta(days=days).total_seconds()
    left = datetime.fromisoformat(signed["expires_at"]) - now()
    assert timedelta(days=days) - timedelta(minutes=1) < left <= timedelta(days=days)
    with pytest.raises(NotAuthenticated):
        passes.read(SERVICE, signed["token"], "another", now())
    assert gpubox("token", *arguments).out.count(".") == 2


@pytest.mark.parametrize("more", [("--url", "http://127.0.0.1:1"), ("--hours", "1"), ("--days", "0"), ("--days", "x")])
def test_what_does_not_go_together_is_a_usage_error(gpubox: Gpubox, more: tuple[str, str]) -> None:
    assert gpubox("token", "--box", "studio", *more).code == 2


def test_where_no_panel_has_run_no_key_is_made(gpubox: Gpubox, tmp_path: Path) -> None:
    ran = gpubox("token", "--box", "studio")
    assert (ran.code, ran.out) == (5, "")
    assert "gpubox serve" in ran.err
    assert not (tmp_path / "state" / "gate-key").exists()


def test_a_key_that_is_none_is_said(gpubox: Gpubox, tmp_path: Path) -> None:
    key = tmp_path / "state" / "gate-key"
    key.parent.mkdir()
    key.write_text("nonsense")
    key.chmod(stat.S_IRUSR)
    ran = gpubox("token", "--box", "studio", env=environment(tmp_path / "state"))
    assert (ran.code, ran.err.count("\n")) == (5, 1)
    assert "gate-key" in ran.err
