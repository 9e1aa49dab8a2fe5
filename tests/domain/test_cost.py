from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from manager.adapters.memory.cloud import T4
from manager.domain import cost
from manager.domain.box import Disk
from manager.domain.cost import LIST_PRICES, Session
from tests.support.clock import NOON

HOUR = timedelta(hours=1)
HOURLY = Decimal("0.545")


def session(started: datetime, ended: datetime | None, hourly: Decimal | None = HOURLY) -> Session:
    return Session("comfyui", started, ended, hourly)


class TestAnHour:
    def test_of_a_t4_box_is_machine_gpu_and_address(self) -> None:
        assert cost.hourly(T4, LIST_PRICES) == HOURLY

    def test_of_a_spot_vm_is_cheaper(self) -> None:
        assert cost.hourly(replace(T4, spot=True), LIST_PRICES) == Decimal("0.3285")

    def test_without_a_gpu_is_machine_and_address(self) -> None:
        assert cost.hourly(replace(T4, gpu=None, gpu_count=0), LIST_PRICES) == Decimal("0.195")

    def test_of_four_gpus_counts_them_all(self) -> None:
        assert cost.hourly(replace(T4, gpu_count=4), LIST_PRICES) == Decimal("1.595")

    def test_of_an_unknown_machine_is_not_guessed(self) -> None:
        assert cost.hourly(replace(T4, machine_type="z9-mega"), LIST_PRICES) is None


class TestAtRest:
    def test_the_disks_bill_by_the_month(self) -> None:
        assert cost.at_rest_monthly(T4, LIST_PRICES) == Decimal("10.00")

    def test_a_disk_of_an_unknown_kind_is_not_guessed(self) -> None:
        assert cost.at_rest_monthly(replace(T4, disks=(Disk("hyperdisk", 1),)), LIST_PRICES) is None

    def test_the_month_so_far_is_counted_from_the_first_day(self) -> None:
        spent = cost.resting_so_far(Decimal(730), None, datetime(2026, 11, 2, tzinfo=UTC))
        assert spent == Decimal(24)

    def test_or_from_the_boxs_own_first_day(self) -> None:
        assert cost.resting_so_far(Decimal(730), NOON - HOUR, NOON) == Decimal(1)

    def test_without_a_price_nothing_is_claimed(self) -> None:
        assert cost.resting_so_far(None, None, NOON) == 0


class TestASession:
    def test_costs_by_the_second(self) -> None:
        assert cost.session_cost(session(NOON, NOON + HOUR / 2), NOON) == HOURLY / 2

    def test_that_goes_on_costs_up_to_now(self) -> None:
        assert cost.session_cost(session(NOON, None), NOON + HOUR) == HOURLY

    def test_costs_a_minute_at_least(self) -> None:
        assert cost.session_cost(session(NOON, NOON), NOON) == HOURLY / 60

    def test_of_unknown_price_has_no_cost(self) -> None:
        assert cost.session_cost(session(NOON, NOON, None), NOON) is None


class TestAMonth:
    month = datetime(2026, 11, 1, tzinfo=UTC)

    def test_counts_only_its_share_of_a_session_over_midnight(self) -> None:
        over = session(self.month - HOUR, self.month + HOUR)
        assert cost.month_cost([over], NOON) == HOURLY
        assert cost.month_hours([over], NOON) == HOUR

    def test_leaves_out_what_ended_before_it(self) -> None:
        before = session(self.month - 2 * HOUR, self.month - HOUR)
        assert cost.month_cost([before], NOON) == 0
        assert cost.month_hours([before], NOON) == timedelta(0)

    def test_adds_up_what_is_known(self) -> None:
        spent = cost.month_cost([session(NOON - HOUR, NOON), session(NOON - 3 * HOUR, NOON - HOUR, None)], NOON)
        assert spent == HOURLY

    def test_tells_what_never_stopping_would_have_cost_on_top(self) -> None:
        day_two = datetime(2026, 11, 2, tzinfo=UTC)
        assert cost.saved(HOURLY, 4 * HOUR, None, day_two) == HOURLY * 20
        assert cost.saved(None, HOUR, None, day_two) is None
        assert cost.saved(HOURLY, HOUR, day_two - HOUR, day_two) == 0


def test_a_day_counts_from_midnight() -> None:
    midnight = NOON.replace(hour=0)
    assert cost.day_cost([session(midnight - HOUR, midnight + HOUR)], NOON) == HOURLY
