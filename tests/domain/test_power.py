import pytest

from manager.domain.power import Power, bills, power_of

# Every word of Instance.status in the Compute Engine v1 API.
STATUSES = {
    "PENDING": Power.RISING,
    "PROVISIONING": Power.RISING,
    "STAGING": Power.RISING,
    "RUNNING": Power.ON,
    "PENDING_STOP": Power.FALLING,
    "STOPPING": Power.FALLING,
    "SUSPENDING": Power.FALLING,
    "DEPROVISIONING": Power.FALLING,
    "SUSPENDED": Power.OTHER,
    "REPAIRING": Power.OTHER,
    "TERMINATED": Power.OFF,
    "STOPPED": Power.OFF,
}


@pytest.mark.parametrize(("status", "power"), STATUSES.items())
def test_each_of_googles_words_has_its_power(status: str, power: Power) -> None:
    assert power_of(status) is power


def test_only_a_proven_stop_does_not_bill() -> None:
    assert {status for status in STATUSES if not bills(status)} == {"TERMINATED", "STOPPED"}


@pytest.mark.parametrize("status", ["HIBERNATING", "", "terminated", "STOPPED "])
def test_a_word_that_is_not_known_bills(status: str) -> None:
    assert power_of(status) is Power.OTHER
    assert bills(status)
