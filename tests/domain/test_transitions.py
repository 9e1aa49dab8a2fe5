from dataclasses import replace
from datetime import timedelta

import pytest

from manager.domain import transitions
from manager.domain.box import Cause, Intent, Operation
from manager.domain.errors import Fault
from tests.support.clock import NOON
from tests.support.factories import box, call

MINUTE = timedelta(minutes=1)
LATER = NOON + MINUTE
STOCKOUT = Fault("stockout", {"zones": ["us-central1-f"]})
QUOTA = Fault("quota_exceeded", {"metric": "GPUS_ALL_REGIONS"})
ON_ITS_WAY = call(request_id="r", called_at=NOON, operation="op")


def operation(**fields: object) -> Operation:
    return replace(Operation("op", "start", done=True, at=NOON), **fields)


class TestAskingForAStart:
    def test_makes_the_box_wanted_on(self) -> None:
        asked = transitions.ask_on(box(), LATER, Cause.PERSON)
        assert (asked.intent, asked.since, asked.start) == (Intent.ON, LATER, call(asked_at=LATER))

    def test_of_a_box_that_is_on_has_the_cloud_asked_once_more(self) -> None:
        asked = transitions.ask_on(box(Intent.ON), LATER, Cause.PERSON)
        assert asked == box(Intent.ON, start=call(asked_at=LATER))

    def test_again_while_starting_ends_the_pause_and_keeps_the_call(self) -> None:
        waiting = box(Intent.ON, start=replace(ON_ITS_WAY, retry_at=LATER))
        again = transitions.ask_on(waiting, LATER, Cause.PERSON)
        assert again.start == replace(ON_ITS_WAY, asked_at=LATER, retry_at=None, asked_again=True)

    def test_while_our_stop_is_under_way_remembers_both(self) -> None:
        asked = transitions.ask_on(box(stop=ON_ITS_WAY), LATER, Cause.PERSON)
        assert asked.stop == ON_ITS_WAY
        assert asked.start is not None

    def test_drops_a_stop_that_was_never_sent(self) -> None:
        assert transitions.ask_on(box(stop=call()), LATER, Cause.PERSON).stop is None

    def test_takes_up_a_start_that_was_called_off_but_is_still_under_way(self) -> None:
        asked = transitions.ask_on(box(start=ON_ITS_WAY, stop=call()), LATER, Cause.PERSON)
        assert asked.start == replace(ON_ITS_WAY, asked_at=LATER, asked_again=True)

    def test_of_a_running_box_with_a_fault_tries_anew(self) -> None:
        asked = transitions.ask_on(box(Intent.ON, fault=QUOTA), LATER, Cause.PERSON)
        assert (asked.fault, asked.start) == (None, call(asked_at=LATER))


class TestAskingForAStop:
    def test_makes_the_box_wanted_off(self) -> None:
        asked = transitions.ask_off(box(Intent.ON), LATER, Cause.IDLE)
        assert (asked.intent, asked.cause, asked.stop) == (Intent.OFF, Cause.IDLE, call(asked_at=LATER))

    def test_ends_a_hold(self) -> None:
        held = box(Intent.ON, hold_until=LATER)
        assert transitions.ask_off(held, NOON, Cause.PERSON).hold_until is None

    def test_before_the_start_was_sent_forgets_the_start(self) -> None:
        asked = transitions.ask_off(box(Intent.ON, start=call()), LATER, Cause.PERSON)
        assert (asked.start, asked.stop) == (None, call(asked_at=LATER))

    def test_of_a_box_that_is_off_has_the_cloud_asked_once_more(self) -> None:
        assert transitions.ask_off(box(), LATER, Cause.PERSON).stop == call(asked_at=LATER)

    def test_while_the_start_is_under_way_keeps_it_in_sight(self) -> None:
        asked = transitions.ask_off(box(Intent.ON, start=ON_ITS_WAY), LATER, Cause.PERSON)
        assert asked.start == ON_ITS_WAY
        assert asked.stop is not None

    def test_takes_up_a_stop_that_is_still_under_way(self) -> None:
        both = box(Intent.ON, start=call(), stop=ON_ITS_WAY)
        assert transitions.ask_off(both, LATER, Cause.PERSON).stop == ON_ITS_WAY

    def test_again_ends_the_pause_and_puts_the_fault_away(self) -> None:
        stuck = box(stop=call(retry_at=LATER), fault=QUOTA)
        again = transitions.ask_off(stuck, NOON, Cause.PERSON)
        assert (again.stop, again.fault) == (call(), None)

    def test_is_not_served_by_a_stop_that_has_ended(self) -> None:
        ended = replace(ON_ITS_WAY, done_at=NOON)
        assert transitions.ask_off(box(Intent.ON, stop=ended), LATER, Cause.PERSON).stop == call(asked_at=LATER)


class TestACall:
    def test_is_remembered_with_its_id_before_it_is_made(self) -> None:
        sent = transitions.sending(box(Intent.ON, start=call()), Intent.ON, "r1", NOON, LATER)
        assert sent.start == call(request_id="r1", called_at=LATER, known_start=NOON, tries=1)

    def test_of_a_stop_that_nobody_had_noted_counts_from_the_intent(self) -> None:
        assert transitions.sending(box(), Intent.OFF, "r1", None, LATER).stop is not None

    def test_that_is_still_going_is_remembered_by_its_operation(self) -> None:
        sent = box(Intent.ON, start=call(request_id="r", called_at=NOON))
        after = transitions.answered(sent, Intent.ON, operation(done=False), LATER)
        assert after.start == ON_ITS_WAY

    def test_that_ended_well_is_over(self) -> None:
        after = transitions.answered(box(Intent.ON, start=ON_ITS_WAY), Intent.ON, operation(), LATER)
        assert after.start is not None
        assert not after.start.unresolved

    def test_whose_operation_failed_has_failed(self) -> None:
        failed = operation(fault=QUOTA)
        after = transitions.answered(box(Intent.ON, start=ON_ITS_WAY), Intent.ON, failed, LATER)
        assert (after.intent, after.fault) == (Intent.OFF, QUOTA)

    def test_without_an_answer_is_given_time_to_arrive(self) -> None:
        lost = box(Intent.ON, start=call(request_id="r", called_at=NOON))
        assert transitions.unanswered(lost, Intent.ON, NOON + timedelta(seconds=10)) == lost
        given_up = transitions.unanswered(lost, Intent.ON, LATER)
        assert given_up.start is not None
        assert not given_up.start.unresolved

    def test_that_may_have_arrived_keeps_its_id(self) -> None:
        sent = box(Intent.ON, start=call(request_id="r", called_at=NOON))
        after = transitions.unsure(sent, Intent.ON, Fault("cloud_unreachable"), LATER)
        assert after.start is not None
        assert (after.start.request_id, after.fault) == ("r", Fault("cloud_unreachable"))
        assert after.start.retry_at is not None


class TestAFailedStart:
    starting = box(Intent.ON, start=replace(ON_ITS_WAY, tries=1))

    def test_for_want_of_capacity_is_tried_again_in_30_seconds(self) -> None:
        after = transitions.failed(self.starting, Intent.ON, STOCKOUT, LATER)
        assert (after.intent, after.fault) == (Intent.ON, STOCKOUT)
        assert after.start == call(tries=1, retry_at=LATER + timedelta(seconds=30))

    def test_is_given_up_after_an_hour(self) -> None:
        after = transitions.failed(self.starting, Intent.ON, STOCKOUT, NOON + timedelta(hours=1))
        assert (after.intent, after.cause, after.start) == (Intent.OFF, Cause.NO_CAPACITY, None)

    def test_that_time_cannot_mend_is_given_up_at_once_and_says_why(self) -> None:
        after = transitions.failed(self.starting, Intent.ON, QUOTA, LATER)
        assert (after.intent, after.cause, after.fault) == (Intent.OFF, Cause.FAILED, QUOTA)

    def test_that_nobody_wants_any_more_leaves_nothing(self) -> None:
        called_off = box(start=ON_ITS_WAY, stop=call())
        assert transitions.failed(called_off, Intent.ON, STOCKOUT, LATER) == box(stop=call())

    @pytest.mark.parametrize("tries", range(12))
    def test_is_never_left_alone_for_more_than_a_minute(self, tries: int) -> None:
        tired = box(Intent.ON, start=replace(ON_ITS_WAY, tries=tries))
        after = transitions.failed(tired, Intent.ON, Fault("rate_limited"), LATER)
        assert after.start is not None
        assert after.start.retry_at is not None
        assert after.start.retry_at <= LATER + MINUTE


class TestAFailedStop:
    def test_is_tried_again_for_ever(self) -> None:
        after = transitions.failed(box(stop=ON_ITS_WAY), Intent.OFF, QUOTA, NOON + timedelta(days=30))
        assert (after.intent, after.fault) == (Intent.OFF, QUOTA)
        assert after.stop is not None
        assert after.stop.retry_at is not None

    def test_that_a_start_has_overtaken_leaves_nothing(self) -> None:
        restarting = box(Intent.ON, start=call(), stop=ON_ITS_WAY)
        assert transitions.failed(restarting, Intent.OFF, QUOTA, LATER) == box(Intent.ON, start=call())


class TestTheEnd:
    def test_leaves_no_call_and_no_fault(self) -> None:
        on = box(Intent.ON, start=ON_ITS_WAY, stop=ON_ITS_WAY, fault=STOCKOUT)
        assert transitions.finished(on) == box(Intent.ON)

    def test_by_somebody_else_is_what_is_wanted_from_now_on(self) -> None:
        adopted = transitions.adopt(box(Intent.ON, hold_until=LATER), Intent.OFF, LATER, Cause.PREEMPTED)
        assert adopted == box(cause=Cause.PREEMPTED, since=LATER)
