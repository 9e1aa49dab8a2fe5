from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gpubox_agent.guard.verdict import Policy, Reason, Sign, Signs, judge

MINUTE, HOUR = 60.0, 3600.0
POLICY = Policy(idle_s=35 * MINUTE, max_run_s=12 * HOUR)
READY = Signs(booted_at=0, watched_since=0, ready=True, seen={Sign.START: 60})

moments = st.floats(0, 11 * HOUR)
signs_seen = st.builds(
    Signs,
    booted_at=st.just(0.0),
    watched_since=st.just(0.0),
    seen=st.dictionaries(st.sampled_from([each for each in Sign if each is not Sign.HOLD]), moments),
    ready=st.booleans(),
    unknown=st.booleans(),
    rendering=st.booleans(),
    progress_visible=st.booleans(),
    hold_until=st.none() | moments,
)
policies = st.builds(Policy, idle_s=st.floats(12, 5 * HOUR), max_run_s=st.none() | st.floats(HOUR, 24 * HOUR))


def test_a_box_that_is_ready_gets_its_idle_time() -> None:
    verdict = judge(READY, POLICY)
    assert verdict.stops_at == 60 + 35 * MINUTE
    assert verdict.reason is Reason.IDLE


def test_each_sign_starts_the_idle_time_anew() -> None:
    for sign in (Sign.PERSON, Sign.KEEP_ALIVE, Sign.DOWNLOAD, Sign.UPLOAD, Sign.LOGIN, Sign.RENDER):
        verdict = judge(replace(READY, seen={Sign.START: 60, sign: 5000}), POLICY)
        assert verdict.stops_at == 5000 + 35 * MINUTE, sign


def test_strangers_on_the_gpu_are_a_veto_and_no_person() -> None:
    verdict = judge(replace(READY, seen={Sign.START: 60, Sign.GPU: 5000}), POLICY)
    assert verdict.stops_at == 5000 + 10 * MINUTE


def test_a_render_counts_until_it_stalls() -> None:
    short = replace(POLICY, idle_s=6 * MINUTE)
    rendering = replace(READY, rendering=True, seen={Sign.RENDER: 5000})
    assert judge(rendering, short).stops_at == 5000 + 30 * MINUTE
    assert judge(replace(rendering, progress_visible=False), short).stops_at == 5000 + 3 * HOUR
    assert judge(replace(rendering, rendering=False), short).stops_at == 5000 + 6 * MINUTE


def test_silence_adds_a_grace_and_is_no_sign_by_itself() -> None:
    verdict = judge(replace(READY, unknown=True), POLICY)
    assert verdict.stops_at == 60 + 45 * MINUTE
    assert verdict.reason is Reason.SILENT


def test_a_box_whose_comfyui_never_comes_up_ends_after_an_hour() -> None:
    verdict = judge(Signs(booted_at=100, watched_since=160, unknown=True), POLICY)
    assert verdict.stops_at == 100 + HOUR
    assert verdict.reason is Reason.NEVER_READY


def test_an_installation_that_moves_may_take_longer_but_not_for_ever() -> None:
    moving = Signs(booted_at=0, watched_since=60, unknown=True, seen={Sign.START: 50 * MINUTE})
    assert judge(moving, POLICY).stops_at == 110 * MINUTE
    assert judge(replace(moving, seen={Sign.START: 170 * MINUTE}), POLICY).stops_at == 3 * HOUR


def test_who_types_in_a_terminal_keeps_a_broken_box_on() -> None:
    broken = Signs(booted_at=0, watched_since=60, unknown=True, seen={Sign.LOGIN: 59 * MINUTE})
    assert judge(broken, POLICY).stops_at == 94 * MINUTE


def test_a_hold_keeps_the_box_on_until_its_moment() -> None:
    assert judge(replace(READY, hold_until=5 * HOUR), POLICY).stops_at == 5 * HOUR


def test_the_longest_time_is_a_hard_end() -> None:
    busy = replace(READY, hold_until=20 * HOUR, rendering=True, seen={Sign.RENDER: 11.9 * HOUR})
    verdict = judge(busy, POLICY)
    assert verdict.stops_at == 12 * HOUR
    assert verdict.reason is Reason.MAX_RUN
    assert judge(busy, replace(POLICY, max_run_s=None)).stops_at == 20 * HOUR


def test_whoever_begins_to_watch_late_still_warns() -> None:
    verdict = judge(replace(READY, watched_since=13 * HOUR), POLICY)
    assert verdict.stops_at == 13 * HOUR + 5 * MINUTE


def test_a_person_is_not_lost_between_two_reports_in_a_short_trial() -> None:
    trial = Policy(idle_s=12)
    assert judge(replace(READY, seen={Sign.PERSON: 1000}), trial).stops_at == 1000 + 75


@given(signs_seen, policies, st.sampled_from([each for each in Sign if each is not Sign.HOLD]), moments)
def test_another_sign_never_brings_the_end_nearer(signs: Signs, policy: Policy, sign: Sign, at: float) -> None:
    later = dict(signs.seen)
    later[sign] = max(at, later.get(sign, 0))
    assert judge(replace(signs, seen=later), policy).stops_at >= judge(signs, policy).stops_at


@given(signs_seen, policies, st.floats(0, 100 * HOUR))
def test_a_hold_never_brings_the_end_nearer_and_never_passes_the_hard_end(
    signs: Signs, policy: Policy, until: float
) -> None:
    free = replace(signs, hold_until=None)
    held = judge(replace(free, hold_until=until), policy).stops_at
    assert held >= judge(free, policy).stops_at
    if policy.max_run_s is not None:
        assert held <= max(policy.max_run_s, policy.warning_s)


@given(signs_seen, policies)
def test_the_end_comes_however_the_signs_were(signs: Signs, policy: Policy) -> None:
    last = max([0.0, signs.hold_until or 0.0, *signs.seen.values()])
    longest = max(policy.idle_s, 75, policy.blind_stall_s, policy.setup_s) + policy.grace_s + policy.warning_s
    assert judge(signs, policy).stops_at <= max(last, policy.setup_s) + longest


@given(signs_seen, policies)
def test_silence_never_brings_the_end_nearer_and_adds_the_grace_at_most(signs: Signs, policy: Policy) -> None:
    heard = judge(replace(signs, unknown=False), policy).stops_at
    assert heard <= judge(replace(signs, unknown=True), policy).stops_at <= heard + policy.grace_s


@given(signs_seen, policies, st.integers(1, 10**7))
def test_only_differences_of_moments_count(signs: Signs, policy: Policy, later: int) -> None:
    moved = replace(
        signs,
        booted_at=signs.booted_at + later,
        watched_since=signs.watched_since + later,
        seen={sign: at + later for sign, at in signs.seen.items()},
        hold_until=None if signs.hold_until is None else signs.hold_until + later,
    )
    assert abs(judge(moved, policy).stops_at - later - judge(signs, policy).stops_at) < 0.01
