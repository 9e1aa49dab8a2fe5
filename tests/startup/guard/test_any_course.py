"""Whatever happens in whatever order: work is never cut off, and a box without any of it ends."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gpubox_agent.guard.course import Course, State, go_on
from gpubox_agent.guard.ledger import Ledger, restored
from gpubox_agent.guard.look import Look
from gpubox_agent.guard.verdict import Policy, Reason, Sign, judge

POLICY = Policy(idle_s=1800, max_run_s=None)
PASS_S = 5.0
# However silent or stalled things are: three blind hours, a grace, the warning, and the passes in between.
LONGEST_S = POLICY.blind_stall_s + POLICY.grace_s + POLICY.warning_s + POLICY.setup_longest_s


class AnyCourse(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.ledger = Ledger(self.now, self.now)
        self.course = Course()
        self.boot, self.persons, self.steps, self.queue = 0, 0, 0, 0
        self.up = False
        self.last_sign = self.now
        self.last_step = self.now
        self.held_until = 0.0

    def one_pass(self) -> None:
        if self.up:
            look = Look(self.queue, str(self.boot), self.persons, 0, self.steps, self.now - self.last_step)
            self.ledger.answered(look, self.now)
        else:
            self.ledger.silent()
        self.course = go_on(self.course, judge(self.ledger.signs(), POLICY), POLICY, self.now)

    @rule(seconds=st.floats(PASS_S, 2 * 3600))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.one_pass()
        if self.course.state is State.ANNOUNCED:
            self.now += POLICY.warning_s
            self.one_pass()

    @rule()
    def comfyui_comes_up(self) -> None:
        if not self.up:
            if self.boot == 0:  # later ones may be of a ComfyUI that crashes for ever
                self.last_sign = self.now
            self.up, self.boot, self.persons, self.steps, self.queue = True, self.boot + 1, 0, 0, 0
        self.one_pass()

    @rule()
    def comfyui_falls_silent(self) -> None:
        self.up = False
        self.one_pass()

    @precondition(lambda self: self.up)
    @rule()
    def a_person_moves(self) -> None:
        self.persons += 1
        self.last_sign = self.now
        self.one_pass()

    @precondition(lambda self: self.up)
    @rule(length=st.integers(0, 3))
    def the_queue_changes(self, length: int) -> None:
        if (length > 0) != (self.queue > 0):
            self.last_sign = self.now
        self.queue = length
        self.one_pass()

    @precondition(lambda self: self.up and self.queue > 0)
    @rule()
    def the_render_progresses(self) -> None:
        self.steps += 1
        self.last_sign = self.last_step = self.now
        self.one_pass()

    @rule(sign=st.sampled_from([Sign.DOWNLOAD, Sign.UPLOAD, Sign.LOGIN, Sign.KEEP_ALIVE]))
    def work_is_seen(self, sign: Sign) -> None:
        self.ledger.saw(sign, self.now, self.now)
        self.last_sign = self.now
        self.one_pass()

    @rule(seconds=st.none() | st.floats(1, 4 * 3600))
    def somebody_holds_it(self, seconds: float | None) -> None:
        self.ledger.hold_until = None if seconds is None else self.now + seconds
        self.held_until = self.ledger.hold_until or 0.0
        self.one_pass()

    @rule()
    def the_guard_is_restarted(self) -> None:
        hold = self.ledger.hold_until
        self.ledger = restored(self.ledger.to_json(), Ledger(self.now, self.now), self.now)
        assert self.ledger.hold_until == hold
        self.course = Course(State.ANNOUNCED, self.course.announced_at)
        self.one_pass()

    @invariant()
    def work_is_never_cut_off(self) -> None:
        if self.course.state is State.STOPPING:
            assert self.now >= self.last_sign + POLICY.idle_s
            assert self.now >= self.held_until

    @invariant()
    def the_end_is_never_unannounced(self) -> None:
        if self.course.state is State.STOPPING:
            assert self.course.announced_at is not None
            assert self.now >= self.course.announced_at + POLICY.warning_s

    @invariant()
    def a_box_without_any_of_it_ends(self) -> None:
        verdict = judge(self.ledger.signs(), POLICY)
        assert verdict.reason is not Reason.MAX_RUN
        assert verdict.stops_at <= max(self.last_sign, self.held_until) + LONGEST_S


TestAnyCourse = AnyCourse.TestCase
TestAnyCourse.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
