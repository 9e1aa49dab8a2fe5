"""Time, as a pure function of turns and of the moment asked about."""

from hypothesis import given
from hypothesis import strategies as st

from manager.adapters.embedded.timeline import (
    Pace,
    Timeline,
    billed,
    next_turn,
    past,
    starting,
    status_at,
    stopping,
)

_MOMENTS = st.floats(0, 1000)


def _run(stop_after: float, speed: float) -> Timeline:
    on = starting(0.0, Pace(speed))
    return stopping(on, stop_after, stop_after + 17 * speed)


@given(_MOMENTS, st.sampled_from([0.0, 0.2, 1.0]))
def test_what_was_started_and_stopped_ends_terminated_and_bills_no_more(stop_after: float, speed: float) -> None:
    timeline = _run(stop_after, speed)
    end = stop_after + 17 * speed
    assert status_at(timeline, end) == "TERMINATED"
    assert all(to is not None and to <= end for _, to in billed(timeline, end + 1))


@given(_MOMENTS, _MOMENTS)
def test_the_past_does_not_change_when_the_future_is_cut_off(stop_after: float, asked: float) -> None:
    timeline = _run(stop_after, 1.0)
    assert status_at(past(timeline, asked), asked) == status_at(timeline, asked)


def test_a_delayed_start_runs_later_and_a_stuck_one_never() -> None:
    assert starting(0.0, Pace(1.0), delay=10.0)[-1] == (32.0, "RUNNING")
    assert status_at(starting(0.0, Pace(1.0), delay=None), 1e9) == "PROVISIONING"


def test_the_next_turn_is_known_until_there_is_none() -> None:
    timeline = starting(0.0, Pace(1.0))
    assert next_turn(timeline, 0.0) == 5.0
    assert next_turn(timeline, 22.0) is None


def test_a_box_that_is_repaired_goes_on_billing() -> None:
    timeline: Timeline = [(0, "RUNNING"), (10, "REPAIRING"), (70, "RUNNING"), (100, "STOPPING"), (117, "TERMINATED")]
    assert billed(timeline, 200) == [(0, 117)]
