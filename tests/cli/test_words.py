"""Sentences, moments and spans of time, as a reader at a terminal sees them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from manager.cli.failures import Failure
from manager.cli.follow import events
from manager.cli.until import parse_until
from manager.cli.words import Words
from manager.messages import size

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-21T14:32:00Z", "15:32"),
        ("2026-11-20T20:10:00Z", "21:10 yesterday"),
        ("2026-11-21T23:30:00Z", "00:30 tomorrow"),
        ("2026-11-16T20:10:00Z", "21:10 on Mon"),
        ("2026-11-03T20:10:00Z", "21:10 on 3 Nov"),
    ],
)
def test_moments_are_told_in_the_readers_zone_with_the_day_where_it_differs(at: str, said: str) -> None:
    assert Words(NOW).moment(at) == said


def test_the_name_of_a_value_tells_how_it_is_shown() -> None:
    text = "{a_at} {b_until} {c_in} {d_s} {e_money} {f} {g_size} {missing_at}"
    values = {
        "a_at": "2026-11-21T14:32:00Z",
        "b_until": "2026-11-21T15:00:00Z",
        "c_in": "2026-11-21T15:04:32Z",
        "d_s": 8400,
        "e_money": "0.38",
        "f": "as it is",
        "g_size": 6_460_000_000,
    }
    assert (
        Words(NOW).sentence({"text": text, "values": values})
        == "15:32 16:00 1:04:32 2 h 20 min $0.38 as it is 6.5 GB …"
    )
    assert Words(NOW, "CHF").money("0.38") == "0.38 CHF"
    assert Words(NOW).countdown("2026-11-21T13:00:00Z") == "0:00"


@pytest.mark.parametrize(
    ("words", "until"),
    [
        (["2h"], NOW + timedelta(hours=2)),
        (["for", "30m"], NOW + timedelta(minutes=30)),
        (["1h30m"], NOW + timedelta(minutes=90)),
        (["1.5", "h"], NOW + timedelta(minutes=90)),
        (["45"], NOW + timedelta(minutes=45)),
        (["2d"], NOW + timedelta(days=2)),
        (["until", "18:00"], datetime(2026, 11, 21, 17, 0, tzinfo=UTC)),
        (["9:30"], datetime(2026, 11, 22, 8, 30, tzinfo=UTC)),
        (["until", "2026-11-22", "18:00"], datetime(2026, 11, 22, 17, 0, tzinfo=UTC)),
        (["until", "2026-11-22T18:00:00Z"], datetime(2026, 11, 22, 18, 0, tzinfo=UTC)),
        (["off"], None),
    ],
)
def test_a_hold_is_understood_as_people_say_it(words: list[str], until: datetime | None) -> None:
    assert parse_until(words, NOW.astimezone()) == until


def test_a_time_of_tomorrow_heeds_the_change_of_the_clocks() -> None:
    before = datetime(2026, 10, 24, 20, 0, tzinfo=timezone(timedelta(hours=2)))
    assert parse_until(["until", "18:00"], before) == datetime(2026, 10, 25, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize("words", [["soon"], [""], ["until", "25:00"], ["0"], ["-3h"], ["h"], ["1e9d"]])
def test_what_is_no_time_is_refused_with_examples(words: list[str]) -> None:
    with pytest.raises(Failure, match="until 18:00"):
        parse_until(words, NOW)


def test_server_sent_events_are_read_with_comments_and_several_lines() -> None:
    lines = [
        "retry: 2000",
        "",
        ": still here",
        "",
        "event: status",
        "id: a-1",
        "data: {",
        "data: }",
        "",
        "data:x",
        "",
        "data: cut",
    ]
    assert list(events(iter(lines))) == [(None, None), ("a-1", "{\n}"), ("a-1", "x")]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (640_000, "640 kB"),
        (999_600, "1 MB"),
        (335_000_000, "335 MB"),
        (6_460_000_000, "6.5 GB"),
        (250_000_000_000, "250 GB"),
        (1_500_000_000_000, "1.5 TB"),
        (2_500_000_000_000_000, "2500 TB"),
    ],
)
def test_bytes_are_told_as_on_the_labels_of_disks(count: int, said: str) -> None:
    assert size(count) == said
