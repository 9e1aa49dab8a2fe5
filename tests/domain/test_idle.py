from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from manager.domain.idle import Policy, Sign, Signs, judge
from tests.support.clock import NOON

IDLE = timedelta(minutes=30)
POLICY = Policy(idle=IDLE)
QUIET = Signs(started_at=NOON, watched_since=NOON)
HOUR = timedelta(hours=1)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def stops_at(signs: Signs, policy: Policy = POLICY) -> datetime:
    return judge(signs, policy, NOON).stops_at


class TestABoxStops:
    def test_after_the_idle_time_without_any_sign(self) -> None:
        assert not judge(QUIET, POLICY, NOON + IDLE - minutes(0.1)).idle
        assert judge(QUIET, POLICY, NOON + IDLE).idle

    def test_later_when_somebody_was_in_the_panel(self) -> None:
        assert stops_at(replace(QUIET, panel_at=NOON + HOUR)) == NOON + HOUR + IDLE

    def test_later_when_somebody_was_in_comfyui(self) -> None:
        assert stops_at(replace(QUIET, comfyui_at=NOON + HOUR)) == NOON + HOUR + IDLE

    def test_not_between_two_reports_of_a_person_however_short_the_idle_time_of_a_trial(self) -> None:
        trial = Policy(idle=timedelta(seconds=12))
        assert stops_at(QUIET, trial) == NOON + timedelta(seconds=12)
        assert stops_at(replace(QUIET, comfyui_at=NOON), trial) == NOON + timedelta(seconds=75)

    def test_not_before_its_hold_ends(self) -> None:
        held = judge(replace(QUIET, hold_until=NOON + 5 * HOUR), POLICY, NOON)
        assert held.stops_at == NOON + 5 * HOUR
        assert held.reasons[0].sign is Sign.HOLD

    def test_the_idle_time_after_the_last_render_ended(self) -> None:
        assert stops_at(replace(QUIET, render_at=NOON + HOUR)) == NOON + HOUR + IDLE

    def test_not_at_once_when_the_manager_comes_back_and_nobody_could_be_warned(self) -> None:
        back = replace(QUIET, watched_since=NOON + 8 * HOUR)
        assert stops_at(back) == NOON + 8 * HOUR + minutes(5)


class TestARender:
    rendering = replace(QUIET, render_at=NOON + HOUR, rendering=True)

    def test_makes_the_box_busy(self) -> None:
        assert judge(self.rendering, POLICY, NOON + HOUR).busy

    def test_holds_the_box_for_30_minutes_without_progress_even_where_the_idle_time_is_shorter(self) -> None:
        trial = Policy(idle=timedelta(seconds=12))
        assert stops_at(self.rendering, trial) == NOON + HOUR + minutes(30)

    def test_without_progress_stops_counting(self) -> None:
        stalled = judge(self.rendering, POLICY, NOON + HOUR + minutes(30))
        assert stalled.idle
        assert not stalled.busy

    def test_whose_progress_cannot_be_seen_is_given_three_hours(self) -> None:
        assert stops_at(replace(self.rendering, progress_seen=False)) == NOON + 4 * HOUR


class TestSilence:
    silent = replace(QUIET, unknown_since=NOON + HOUR)

    def test_is_given_a_grace_on_top_of_the_idle_time(self) -> None:
        verdict = judge(self.silent, POLICY, NOON + HOUR)
        assert verdict.stops_at == NOON + HOUR + IDLE + minutes(10)
        assert verdict.silent

    def test_does_not_stop_a_box_in_whose_panel_somebody_is(self) -> None:
        verdict = judge(replace(self.silent, panel_at=NOON + 2 * HOUR), POLICY, NOON + 2 * HOUR)
        assert verdict.stops_at == NOON + 2 * HOUR + IDLE
        assert not verdict.silent


class TestTheGuardsVeto:
    def test_holds_the_box_while_it_is_fresh(self) -> None:
        verdict = judge(replace(QUIET, veto_at=NOON + HOUR, veto="a download"), POLICY, NOON + HOUR)
        assert verdict.busy
        assert verdict.stops_at == NOON + HOUR + IDLE

    def test_that_is_not_renewed_makes_nobody_busy(self) -> None:
        assert not judge(replace(QUIET, veto_at=NOON, veto="a download"), POLICY, NOON + minutes(2)).busy

    def test_that_is_over_makes_nobody_busy_and_was_a_sign(self) -> None:
        verdict = judge(replace(QUIET, veto_at=NOON + HOUR), POLICY, NOON + HOUR)
        assert not verdict.busy
        assert verdict.stops_at == NOON + HOUR + IDLE


class TestTheWarning:
    def test_comes_five_minutes_before_the_stop(self) -> None:
        assert judge(QUIET, POLICY, NOON).warns_at == NOON + minutes(25)

    def test_comes_at_the_last_third_of_a_short_trial(self) -> None:
        assert Policy(idle=timedelta(seconds=12)).warning == timedelta(seconds=4)


moments = st.datetimes(NOON.replace(tzinfo=None), (NOON + 24 * HOUR).replace(tzinfo=None)).map(
    lambda moment: moment.replace(tzinfo=NOON.tzinfo)
)
some_signs = st.builds(
    Signs,
    started_at=moments,
    watched_since=moments,
    panel_at=st.none() | moments,
    comfyui_at=st.none() | moments,
    render_at=st.none() | moments,
    rendering=st.booleans(),
    progress_seen=st.booleans(),
    veto_at=st.none() | moments,
    hold_until=st.none() | moments,
    unknown_since=st.none() | moments,
)


@given(some_signs, moments)
def test_a_further_sign_never_brings_the_stop_nearer(signs: Signs, moment: datetime) -> None:
    before = stops_at(signs)
    for name in ("panel_at", "comfyui_at"):
        known = getattr(signs, name)
        later = moment if known is None else max(known, moment)
        assert stops_at(replace(signs, **{name: later})) >= before


@given(some_signs, moments)
def test_every_verdict_names_the_reason_that_holds_longest(signs: Signs, now: datetime) -> None:
    verdict = judge(signs, POLICY, now)
    assert verdict.reasons[0].until == max(reason.until for reason in verdict.reasons)
    assert verdict.stops_at >= verdict.reasons[0].until
    assert verdict.idle == (now >= verdict.stops_at)
    assert verdict.warns_at < verdict.stops_at
