"""What a box answers, however strange."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.application.report import Guard, GuardSign, ModelFile, Models, Report, read_report
from tests.support.clock import NOON

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
PARTS = st.fixed_dictionaries({}, optional=dict.fromkeys(("address", "guard", "models", "progress"), JSON))
GUARD: dict[str, Any] = {
    "at": 1,
    "state": "announced",
    "reason": "idle",
    "stops_in_s": 60,
    "signs": [{"sign": "upload", "age_s": 3, "until_s": None}, {"sign": "unheard of"}, 5],
    "veto": "upload",
}
FILE = {"name": "a.safetensors", "folder": "checkpoints", "state": "running", "bytes": 5, "size": 10, "problem": None}


@given(JSON | PARTS)
def test_nothing_that_comes_raises(raw: Any) -> None:
    read_report(raw, NOON).veto(NOON)


def test_what_fits_is_read() -> None:
    read = read_report(
        {
            "version": 1,
            "address": "192.0.2.1",
            "guard": GUARD,
            "models": {
                "state": "running",
                "files": [FILE, FILE | {"state": "lost"}, FILE | {"bytes": -1, "size": 2**70}],
            },
            "progress": {"steps": []},
        },
        NOON,
    )
    files = (
        ModelFile("a.safetensors", "checkpoints", "running", 5, 10),
        ModelFile("a.safetensors", "checkpoints", "running"),
    )
    guard = Guard("announced", "idle", 60.0, "upload", (GuardSign("upload", 3.0, None),))
    assert read == Report(NOON, "192.0.2.1", guard, Models("running", files), {"steps": []})


@pytest.mark.parametrize("odd", [10**400, float("inf"), True, "5", None])
def test_seconds_that_are_none_are_left_out(odd: Any) -> None:
    read = read_report({"guard": GUARD | {"stops_in_s": odd}}, NOON).guard
    assert read is not None
    assert read.stops_in_s is None


@pytest.mark.parametrize(
    ("report", "veto"),
    [
        (Report(NOON, guard=Guard("watching", veto="upload"), models=Models("running")), "upload"),
        (Report(NOON, guard=Guard("watching"), models=Models("running")), "download"),
        (Report(NOON, models=Models("done")), None),
        (Report(NOON), None),
        (Report(NOON - timedelta(minutes=1), guard=Guard("watching", veto="upload")), None),
    ],
)
def test_the_veto_is_the_guards_word_or_a_download_while_it_is_news(report: Report, veto: str | None) -> None:
    assert report.veto(NOON) == veto
