from datetime import timedelta

import pytest

from manager.domain.box import Box, Intent, Observation, Phase
from manager.domain.errors import Fault
from manager.domain.phase import Comfy, comfy_state, phase_of
from tests.support.clock import NOON
from tests.support.factories import box, call, seen

ON_ITS_WAY = call(request_id="r", called_at=NOON, operation="op")


def phase(box_: Box, seen_: Observation | None, comfy: Comfy = Comfy.COMING) -> Phase:
    return phase_of(box_, seen_, comfy, cloud_lost=False)


class TestNothingIsOffBeforeItIsSeenToBe:
    @pytest.mark.parametrize("status", ["RUNNING", "STAGING", "STOPPING", "SUSPENDED", "REPAIRING", "NEW_WORD"])
    def test_whatever_bills_is_stopping(self, status: str) -> None:
        assert phase(box(), seen(status)) is Phase.STOPPING

    def test_nor_is_a_box_that_nobody_has_looked_at(self) -> None:
        assert phase(box(), None) is Phase.STOPPING
        assert phase(box(Intent.ON), None) is Phase.STARTING

    def test_nor_is_one_with_a_start_that_may_still_come(self) -> None:
        assert phase(box(start=ON_ITS_WAY), seen("TERMINATED")) is Phase.STOPPING

    def test_nor_one_whose_stop_is_not_seen_through(self) -> None:
        assert phase(box(stop=ON_ITS_WAY), seen("TERMINATED")) is Phase.STOPPING

    def test_a_box_that_is_seen_to_be_off_is_off(self) -> None:
        assert phase(box(), seen("TERMINATED")) is Phase.OFF


class TestABoxThatIsWantedOn:
    @pytest.mark.parametrize("status", ["TERMINATED", "PENDING", "PROVISIONING", "STAGING", "STOPPING"])
    def test_is_starting_until_it_runs(self, status: str) -> None:
        assert phase(box(Intent.ON, start=call()), seen(status)) is Phase.STARTING

    def test_is_queued_while_there_is_no_capacity(self) -> None:
        queued = box(Intent.ON, start=call(), fault=Fault("stockout"))
        assert phase(queued, seen("TERMINATED")) is Phase.QUEUED

    def test_is_still_starting_after_a_passing_fault(self) -> None:
        waiting = box(Intent.ON, start=call(), fault=Fault("rate_limited"))
        assert phase(waiting, seen("TERMINATED")) is Phase.STARTING

    @pytest.mark.parametrize(
        ("comfy", "expected"),
        [
            (Comfy.COMING, Phase.SETTING_UP),
            (Comfy.ANSWERS, Phase.READY),
            (Comfy.LATE, Phase.TROUBLE),
            (Comfy.LOST, Phase.TROUBLE),
        ],
    )
    def test_that_runs_is_as_its_comfyui_is(self, comfy: Comfy, expected: Phase) -> None:
        assert phase(box(Intent.ON), seen("RUNNING"), comfy) is expected

    @pytest.mark.parametrize("status", ["SUSPENDED", "REPAIRING", "NEW_WORD"])
    def test_in_a_state_that_nobody_can_work_in_is_trouble(self, status: str) -> None:
        assert phase(box(Intent.ON), seen(status)) is Phase.TROUBLE


class TestTrouble:
    def test_a_start_that_failed(self) -> None:
        assert phase(box(fault=Fault("quota_exceeded")), seen("TERMINATED")) is Phase.TROUBLE

    def test_a_stop_that_is_refused(self) -> None:
        assert phase(box(stop=call(), fault=Fault("permission_missing")), seen("RUNNING")) is Phase.TROUBLE

    def test_a_cloud_that_does_not_answer(self) -> None:
        assert phase_of(box(), seen("TERMINATED"), Comfy.COMING, cloud_lost=True) is Phase.TROUBLE


class TestComfyUi:
    def test_may_take_its_time_to_come_up(self) -> None:
        assert comfy_state(NOON, None, NOON, NOON + timedelta(minutes=29)) is Comfy.COMING
        assert comfy_state(NOON, None, NOON, NOON + timedelta(minutes=30)) is Comfy.LATE

    def test_is_not_lost_by_a_hiccup(self) -> None:
        assert comfy_state(NOON, NOON, None, NOON) is Comfy.ANSWERS
        assert comfy_state(NOON, NOON, NOON, NOON + timedelta(seconds=44)) is Comfy.ANSWERS
        assert comfy_state(NOON, NOON, NOON, NOON + timedelta(seconds=45)) is Comfy.LOST
