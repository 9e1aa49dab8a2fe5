import pytest

from gpubox_agent.guard.config import policy_of
from gpubox_agent.guard.verdict import Policy


def test_the_manager_says_how_long() -> None:
    policy, problems = policy_of({"gpubox-guard-minutes": "0.2", "gpubox-max-run-hours": "3"})
    assert (policy.idle_s, policy.max_run_s, problems) == (12, 3 * 3600, ())


def test_the_longest_idle_time_that_the_manager_takes_is_no_slip() -> None:
    policy, problems = policy_of({"gpubox-guard-minutes": "43205", "gpubox-max-run-hours": "2880"})
    assert (policy.idle_s, policy.max_run_s, problems) == (43_205 * 60, 2880 * 3600, ())


def test_zero_hours_are_no_limit() -> None:
    assert policy_of({"gpubox-max-run-hours": "0"})[0].max_run_s is None


def test_a_box_that_was_told_nothing_goes_by_the_defaults() -> None:
    assert policy_of({}) == (Policy(), ())


@pytest.mark.parametrize("wrong", ["soon", "nan", "inf", "-5", "0", "1e9", "35 minutes", "0x10"])
def test_a_wrong_value_is_said_and_the_last_good_one_stays(wrong: str) -> None:
    good, _ = policy_of({"gpubox-guard-minutes": "20", "gpubox-max-run-hours": "3"})
    policy, problems = policy_of({"gpubox-guard-minutes": wrong, "gpubox-max-run-hours": "3"}, good)
    assert policy == good
    assert len(problems) == 1
    assert "gpubox-guard-minutes" in problems[0]


def test_without_a_last_good_value_a_wrong_one_means_the_default() -> None:
    assert policy_of({"gpubox-guard-minutes": "x", "gpubox-max-run-hours": "-1"})[0] == Policy()
