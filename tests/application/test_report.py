"""What a box answers, however strange."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.application.downloading import as_json, share_of
from manager.application.report import Ending, Guard, GuardSign, ModelFile, Models, Report, read_report
from manager.messages import Message
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
    report = read_report(raw, NOON)
    report.veto(NOON)
    report.ending(NOON)
    if (models := report.downloads(NOON)) is not None:
        as_json(models)


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


LATER = NOON + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("guard", "now", "ending"),
    [
        (None, NOON, None),
        (Guard("watching", stops_in_s=60), NOON, None),
        (Guard("off"), NOON, None),
        (Guard("announced", "idle", 60), NOON, Ending(LATER, "idle", under_way=False)),
        (Guard("announced", "idle", 60), LATER, None),
        (Guard("stopping", "silent", None), NOON, Ending(NOON, "silent", under_way=True)),
        (Guard("announced", None, -5), NOON, Ending(NOON, None, under_way=False)),
        (Guard("announced", "idle", 1e300), NOON, Ending(NOON + timedelta(days=1), "idle", under_way=False)),
    ],
)
def test_what_the_guard_announces_counts_while_it_is_news(guard: Guard | None, now: Any, ending: Ending | None) -> None:
    assert Report(NOON, guard=guard).ending(now) == ending


@pytest.mark.parametrize(
    ("models", "now", "told"),
    [
        (None, NOON, False),
        (Models("idle"), NOON, False),
        (Models("running"), NOON, True),
        (Models("running"), LATER, False),
        (Models("done"), LATER, True),
        (Models("failed"), LATER, True),
    ],
)
def test_a_download_of_which_nothing_is_heard_is_not_called_one(models: Models | None, now: Any, told: bool) -> None:
    assert (Report(NOON, models=models).downloads(now) is not None) is told


def sentence(said: dict[str, Any]) -> str:
    return Message(said["code"], said["text"], said["values"]).in_utc()


def file(state: str, there: int | None = None, size: int | None = None, problem: str | None = None) -> ModelFile:
    return ModelFile("a.safetensors", "loras", state, there, size, problem)


GB = 10**9


@pytest.mark.parametrize(
    ("models", "said", "share"),
    [
        (Models("running"), "Downloading models: 0 of 0 there, 0 B of 0 B.", None),
        (
            Models("running", (file("done", 2 * GB, 2 * GB), file("running", GB, 6 * GB))),
            "Downloading models: 1 of 2 there, 3.0 GB of 8.0 GB.",
            0.375,
        ),
        (
            Models("running", (file("done", 2 * GB, 2 * GB), file("waiting"), file("running", GB))),
            "Downloading models: 1 of 3 there, 3.0 GB so far.",
            0.333,
        ),
        (Models("running", (file("checking", 0, 0),)), "Downloading models: 0 of 1 there, 0 B of 0 B.", 0.0),
        (Models("done", (file("done", 5, 5),)), "The model of the list is there.", 1.0),
        (Models("done", (file("done", 5, 5),) * 3), "All 3 models of the list are there.", 1.0),
        (Models("failed", (file("failed"),)), "The model of the list could not be downloaded.", 0.0),
        (Models("failed", (file("failed"), file("done", 5, 5))), "1 of 2 models could not be downloaded.", 0.5),
    ],
)
def test_the_model_list_in_one_sentence(models: Models, said: str, share: float | None) -> None:
    assert (sentence(as_json(models)), share_of(models.files)) == (said, share)


@pytest.mark.parametrize(
    ("one", "said", "share"),
    [
        (file("waiting", 0, 9 * GB), "Comes later", None),
        (file("running", GB, 4 * GB), "1.0 GB of 4.0 GB", 0.25),
        (file("running", 9 * GB, 4 * GB), "4.0 GB of 4.0 GB", 1.0),
        (file("running", 640_000), "640 kB so far", None),
        (file("running", GB, 4 * GB, "It broke off."), "Tried again, 1.0 GB are there: It broke off.", 0.25),
        (file("checking", GB, 4 * GB), "Being checked", 0.25),
        (file("done", GB, GB), "There, 1.0 GB", 1.0),
        (file("done"), "There", None),
        (file("failed", 0, None, "The disk is full."), "Could not be downloaded: The disk is full.", None),
        (file("failed"), "Could not be downloaded", None),
    ],
)
def test_each_file_in_words(one: ModelFile, said: str, share: float | None) -> None:
    (told,) = as_json(Models("running", (one,)))["files"]
    assert (sentence(told), told["share"]) == (said, share)
    assert (told["name"], told["folder"], told["state"]) == ("a.safetensors", "loras", one.state)
