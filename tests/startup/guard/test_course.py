from gpubox_agent.guard.course import Course, State, ends_at, go_on
from gpubox_agent.guard.verdict import Policy, Reason, Verdict

POLICY = Policy(idle_s=35 * 60)


def until(stops_at: float) -> Verdict:
    return Verdict(stops_at, Reason.IDLE, ())


def test_the_end_is_announced_five_minutes_before() -> None:
    assert go_on(Course(), until(2000), POLICY, 1699).state is State.WATCHING
    assert go_on(Course(), until(2000), POLICY, 1700) == Course(State.ANNOUNCED, 1700)


def test_in_a_short_trial_it_is_announced_for_a_third_of_the_time() -> None:
    assert go_on(Course(), until(12), Policy(idle_s=12), 7.9).state is State.WATCHING
    assert go_on(Course(), until(12), Policy(idle_s=12), 8).state is State.ANNOUNCED


def test_it_stops_when_its_time_is_over() -> None:
    announced = Course(State.ANNOUNCED, 1700)
    assert go_on(announced, until(2000), POLICY, 1999.9) == announced
    assert go_on(announced, until(2000), POLICY, 2000).state is State.STOPPING


def test_a_sign_takes_the_announcement_back() -> None:
    assert go_on(Course(State.ANNOUNCED, 1700), until(4000), POLICY, 1800) == Course()


def test_an_end_that_is_suddenly_due_still_leaves_the_warning_time() -> None:
    course = go_on(Course(), until(1000), POLICY, 5000)
    assert course == Course(State.ANNOUNCED, 5000)
    assert ends_at(course, until(1000), POLICY) == 5300
    assert go_on(course, until(1000), POLICY, 5299).state is State.ANNOUNCED
    assert go_on(course, until(1000), POLICY, 5300).state is State.STOPPING
