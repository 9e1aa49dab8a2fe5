"""Compute Engine's status words, and which of them cost money.

The words are those of `Instance.status` in the Compute Engine v1 API. Google adds words over time, so a word
that is not known here is neither an error nor a guess: it is `Power.OTHER`, and it bills.
"""

from enum import StrEnum


class Power(StrEnum):
    """Where a VM stands between on and off."""

    OFF = "off"
    RISING = "rising"
    ON = "on"
    FALLING = "falling"
    OTHER = "other"


_POWER = {
    "PENDING": Power.RISING,
    "PROVISIONING": Power.RISING,
    "STAGING": Power.RISING,
    "RUNNING": Power.ON,
    "PENDING_STOP": Power.FALLING,
    "STOPPING": Power.FALLING,
    "SUSPENDING": Power.FALLING,
    "DEPROVISIONING": Power.FALLING,
    "TERMINATED": Power.OFF,
    "STOPPED": Power.OFF,
}


def power_of(status: str) -> Power:
    """The power behind one of Compute Engine's status words; SUSPENDED, REPAIRING and new words are OTHER."""
    return _POWER.get(status, Power.OTHER)


def bills(status: str) -> bool:
    """Whether a VM with this status must be taken to cost money: everything but a proven stop does."""
    return power_of(status) is not Power.OFF
