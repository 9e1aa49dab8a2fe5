from datetime import timedelta

import pytest

from manager.domain.box import Box, Intent, Observation, Scheduling
from manager.domain.lifecycle import (
    Adopt,
    Finish,
    Follow,
    Rest,
    Send,
    SetScheduling,
    Step,
    TellVersion,
    Wait,
    WriteMetadata,
    is_stale,
    next_step,
    poll_interval,
)
from tests.support.clock import NOON
from tests.support.factories import LIMIT, WANTED, box, call, seen

RISING = ["PENDING", "PROVISIONING", "STAGING"]
FALLING = ["PENDING_STOP", "STOPPING", "SUSPENDING", "DEPROVISIONING"]
OFF = ["TERMINATED", "STOPPED"]
OTHER = ["SUSPENDED", "REPAIRING", "INVENTED_NEXT_YEAR"]

MINUTE = timedelta(minutes=1)
ON_ITS_WAY = {"request_id": "r", "called_at": NOON, "operation": "op"}
NEVER_ANSWERED = {"request_id": "r", "called_at": NOON}


def step(box_: Box, seen_: Observation, after: timedelta = timedelta(0)) -> Step:
    return next_step(box_, seen_, WANTED, NOON + after)


class TestABoxThatIsWantedOn:
    @pytest.mark.parametrize("status", [*RISING, "RUNNING", *OTHER])
    def test_rests_while_nobody_else_turns_it_off(self, status: str) -> None:
        assert step(box(Intent.ON), seen(status)) == Rest()

    @pytest.mark.parametrize("status", [*OFF, *FALLING])
    def test_accepts_a_stop_that_somebody_else_made(self, status: str) -> None:
        assert step(box(Intent.ON), seen(status)) == Adopt(Intent.OFF)

    def test_is_told_of_the_version_that_was_asked_for(self) -> None:
        asked = box(Intent.ON, comfyui_ref="v0.34.0")
        told = seen("RUNNING", metadata={"gpubox-comfyui-ref": "v0.34.0"})
        assert step(asked, seen("RUNNING")) == TellVersion()
        assert step(asked, told) == Rest()
        assert step(asked, seen("STAGING")) == Rest()


class TestAStart:
    starting = box(Intent.ON, start=call())

    def test_writes_the_metadata_first(self) -> None:
        assert step(self.starting, seen("TERMINATED", prepared=False)) == WriteMetadata()

    def test_keeps_the_keys_of_others(self) -> None:
        observation = seen("TERMINATED", metadata=dict(WANTED.metadata) | {"ssh-keys": "theirs"})
        assert step(self.starting, observation) == Send(Intent.ON, anew=True)

    def test_then_sets_the_run_limit(self) -> None:
        observation = seen("TERMINATED", scheduling=Scheduling(None))
        assert step(self.starting, observation) == SetScheduling()

    def test_then_asks_for_the_start(self) -> None:
        assert step(self.starting, seen("TERMINATED")) == Send(Intent.ON, anew=True)

    def test_asks_again_with_the_stored_id_where_no_answer_came(self) -> None:
        lost = box(Intent.ON, start=call(**NEVER_ANSWERED))
        assert step(lost, seen("TERMINATED"), MINUTE) == Send(Intent.ON, anew=False)

    def test_does_not_rely_on_an_id_that_the_cloud_may_have_forgotten(self) -> None:
        old = box(Intent.ON, start=call(**NEVER_ANSWERED))
        assert step(old, seen("TERMINATED"), timedelta(hours=1)) == Follow(Intent.ON)

    @pytest.mark.parametrize("status", [*RISING, *FALLING, *OTHER, *OFF])
    def test_follows_its_operation(self, status: str) -> None:
        assert step(box(Intent.ON, start=call(**ON_ITS_WAY)), seen(status)) == Follow(Intent.ON)

    @pytest.mark.parametrize("status", [*RISING, *FALLING, *OTHER])
    def test_waits_for_whatever_moves(self, status: str) -> None:
        assert step(self.starting, seen(status)) == Wait()

    def test_is_seen_through_when_the_box_runs(self) -> None:
        assert step(box(Intent.ON, start=call(**ON_ITS_WAY)), seen("RUNNING")) == Finish(Intent.ON)

    def test_of_a_box_that_runs_already_is_seen_through_at_once(self) -> None:
        assert step(self.starting, seen("RUNNING")) == Finish(Intent.ON)

    def test_waits_out_the_pause_before_the_next_try(self) -> None:
        paused = box(Intent.ON, start=call(retry_at=NOON + MINUTE))
        assert step(paused, seen("TERMINATED")) == Wait()
        assert step(paused, seen("TERMINATED"), MINUTE) == Send(Intent.ON, anew=True)

    def test_whose_answer_was_lost_waits_out_its_pause_too(self) -> None:
        unsure = box(Intent.ON, start=call(**NEVER_ANSWERED, retry_at=NOON + MINUTE))
        assert step(unsure, seen("TERMINATED")) == Wait()

    def test_that_ended_well_may_take_a_while_to_show(self) -> None:
        ended = box(Intent.ON, start=call(**ON_ITS_WAY, done_at=NOON))
        assert step(ended, seen("TERMINATED")) == Wait()

    def test_that_ended_well_and_never_shows_is_made_again(self) -> None:
        ended = box(Intent.ON, start=call(**ON_ITS_WAY, done_at=NOON))
        assert step(ended, seen("TERMINATED"), 2 * MINUTE) == Send(Intent.ON, anew=True)

    def test_that_was_undone_by_somebody_else_at_once_is_not_repeated(self) -> None:
        ended = box(Intent.ON, start=call(**ON_ITS_WAY, done_at=NOON, known_start=NOON - MINUTE))
        assert step(ended, seen("TERMINATED", started_at=NOON)) == Adopt(Intent.OFF)

    def test_that_was_undone_but_asked_for_again_is_made_again(self) -> None:
        ended = call(**ON_ITS_WAY, done_at=NOON, known_start=NOON - MINUTE, asked_again=True)
        assert step(box(Intent.ON, start=ended), seen("TERMINATED", started_at=NOON)) == Send(Intent.ON, anew=True)


class TestAStartDuringAStop:
    def test_waits_until_our_own_stop_is_over(self) -> None:
        both = box(Intent.ON, start=call(), stop=call(**ON_ITS_WAY))
        for status in ("RUNNING", "STOPPING", "TERMINATED"):
            assert step(both, seen(status)) == Follow(Intent.OFF)

    def test_is_made_once_the_box_is_seen_to_be_off(self) -> None:
        both = box(Intent.ON, start=call(), stop=call(**ON_ITS_WAY, done_at=NOON))
        assert step(both, seen("TERMINATED")) == Send(Intent.ON, anew=True)

    def test_does_not_take_the_last_glimpse_of_the_old_run_for_the_new_one(self) -> None:
        both = box(Intent.ON, start=call(), stop=call(**ON_ITS_WAY, done_at=NOON))
        assert step(both, seen("RUNNING")) == Wait()


class TestABoxThatIsWantedOff:
    @pytest.mark.parametrize("status", OFF)
    def test_rests_when_it_is_off(self, status: str) -> None:
        assert step(box(), seen(status)) == Rest()

    @pytest.mark.parametrize("status", ["RUNNING", *RISING])
    def test_is_adopted_when_somebody_else_started_it(self, status: str) -> None:
        assert step(box(), seen(status)) == Adopt(Intent.ON)

    @pytest.mark.parametrize("status", [*FALLING, *OTHER])
    def test_waits_for_what_is_neither(self, status: str) -> None:
        assert step(box(), seen(status)) == Wait()


class TestAStop:
    @pytest.mark.parametrize("status", ["RUNNING", *RISING, *OTHER])
    def test_is_asked_for_whatever_bills(self, status: str) -> None:
        assert step(box(stop=call()), seen(status)) == Send(Intent.OFF, anew=True)

    @pytest.mark.parametrize("status", FALLING)
    def test_leaves_somebody_elses_stop_alone(self, status: str) -> None:
        assert step(box(stop=call()), seen(status)) == Wait()

    @pytest.mark.parametrize("status", OFF)
    def test_is_seen_through_only_when_the_cloud_says_so(self, status: str) -> None:
        assert step(box(stop=call(**ON_ITS_WAY)), seen(status)) == Finish(Intent.OFF)

    def test_follows_its_operation(self) -> None:
        assert step(box(stop=call(**ON_ITS_WAY)), seen("STOPPING")) == Follow(Intent.OFF)

    def test_asks_again_with_the_stored_id_where_no_answer_came(self) -> None:
        assert step(box(stop=call(**NEVER_ANSWERED)), seen("RUNNING"), MINUTE) == Send(Intent.OFF, anew=False)

    def test_that_changed_nothing_is_made_again(self) -> None:
        ended = box(stop=call(**ON_ITS_WAY, done_at=NOON))
        assert step(ended, seen("RUNNING")) == Wait()
        assert step(ended, seen("RUNNING"), 2 * MINUTE) == Send(Intent.OFF, anew=True)

    def test_waits_out_the_pause_before_the_next_try(self) -> None:
        assert step(box(stop=call(retry_at=NOON + MINUTE)), seen("RUNNING")) == Wait()


class TestAStartThatWasCalledOff:
    def test_is_followed_to_its_end_before_the_box_counts_as_off(self) -> None:
        assert step(box(stop=call(), start=call(**ON_ITS_WAY)), seen("TERMINATED")) == Follow(Intent.ON)

    def test_that_ended_well_is_waited_for_until_it_shows(self) -> None:
        ended = box(stop=call(), start=call(**ON_ITS_WAY, done_at=NOON))
        assert step(ended, seen("TERMINATED")) == Wait()
        assert step(ended, seen("RUNNING")) == Send(Intent.OFF, anew=True)

    def test_is_outlasted_by_a_stop_that_ended_after_it(self) -> None:
        ended = call(**ON_ITS_WAY, done_at=NOON)
        assert step(box(stop=call(**ON_ITS_WAY), start=ended), seen("TERMINATED")) == Follow(Intent.OFF)
        assert step(box(stop=ended, start=ended), seen("TERMINATED")) == Finish(Intent.OFF)

    def test_that_nobody_stopped_is_waited_for_too(self) -> None:
        assert step(box(start=call(**ON_ITS_WAY, done_at=NOON)), seen("TERMINATED")) == Wait()

    def test_that_came_and_went_counts_as_off(self) -> None:
        ended = box(stop=call(), start=call(**ON_ITS_WAY, done_at=NOON))
        assert step(ended, seen("TERMINATED", started_at=NOON)) == Finish(Intent.OFF)


class TestAReading:
    def test_is_stale_when_it_knows_less_than_the_one_before(self) -> None:
        assert is_stale(seen("TERMINATED"), seen("RUNNING", started_at=NOON))
        assert is_stale(seen("RUNNING", stopped_at=NOON), seen("TERMINATED", stopped_at=NOON + MINUTE))

    def test_is_fresh_when_it_knows_as_much_or_more(self) -> None:
        assert not is_stale(seen("RUNNING", started_at=NOON), seen("RUNNING", started_at=NOON))
        assert not is_stale(seen("RUNNING", started_at=NOON), seen("TERMINATED"))

    def test_that_is_the_first_one_is_fresh(self) -> None:
        assert not is_stale(seen("TERMINATED"), None)


class TestTheRunLimit:
    @pytest.mark.parametrize(
        "theirs",
        [
            Scheduling(timedelta(hours=1)),
            Scheduling(LIMIT.max_run, termination_action="DELETE"),
            Scheduling(LIMIT.max_run, automatic_restart=True),
            Scheduling(LIMIT.max_run, on_host_maintenance="MIGRATE"),
        ],
    )
    def test_is_set_anew_when_any_of_it_differs(self, theirs: Scheduling) -> None:
        starting = box(Intent.ON, start=call())
        assert step(starting, seen("TERMINATED", scheduling=theirs)) == SetScheduling()


class TestTheCloudIsAsked:
    def test_often_while_something_moves(self) -> None:
        moving = [
            poll_interval(box(), None, watched=False),
            poll_interval(box(Intent.ON, start=call()), seen("TERMINATED"), watched=False),
            poll_interval(box(stop=call()), seen("RUNNING"), watched=False),
            poll_interval(box(), seen("STOPPING"), watched=False),
        ]
        assert all(timedelta(seconds=1) <= interval <= timedelta(seconds=2) for interval in moving)

    def test_every_15_seconds_while_on(self) -> None:
        assert poll_interval(box(Intent.ON), seen("RUNNING"), watched=False) == timedelta(seconds=15)

    def test_every_minute_while_off_and_nobody_watches(self) -> None:
        assert poll_interval(box(), seen("TERMINATED"), watched=False) == timedelta(seconds=60)
        assert poll_interval(box(), seen("TERMINATED"), watched=True) == timedelta(seconds=15)
