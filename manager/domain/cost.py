"""What a box costs: Decimal rates, and the cost between two moments.

List prices differ by region and change; the table carries its date and its region and can be overridden.
Billing is per second with a minimum of one minute; disks bill also while the VM is off.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from manager.domain.box import Machine

_HOUR = Decimal(3600)
_MINIMUM = timedelta(minutes=1)
# Google turns prices by the month into prices by the hour with 730 hours a month.
_MONTH_HOURS = Decimal(730)


@dataclass(frozen=True, slots=True)
class Price:
    """Price an hour, on demand and as a spot VM."""

    on_demand: Decimal
    spot: Decimal


@dataclass(frozen=True, slots=True)
class Rates:
    """A dated price list in one currency."""

    as_of: date
    region: str
    currency: str
    machine_hour: Mapping[str, Price]
    gpu_hour: Mapping[str, Price]
    disk_gb_month: Mapping[str, Decimal]
    ip_hour: Decimal


@dataclass(frozen=True, slots=True)
class Session:
    """One stretch in which a box billed. `ended_at` None: still going on."""

    box: str
    started_at: datetime
    ended_at: datetime | None
    hourly: Decimal | None


LIST_PRICES = Rates(
    as_of=date(2026, 9, 27),
    region="us-west1",
    currency="USD",
    machine_hour={
        "n1-standard-4": Price(Decimal("0.1900"), Decimal("0.1140")),
        "n1-standard-8": Price(Decimal("0.3800"), Decimal("0.2280")),
    },
    gpu_hour={"nvidia-tesla-t4": Price(Decimal("0.3500"), Decimal("0.2095"))},
    disk_gb_month={"pd-standard": Decimal("0.04"), "pd-balanced": Decimal("0.10"), "pd-ssd": Decimal("0.17")},
    ip_hour=Decimal("0.005"),
)


def hourly(machine: Machine, rates: Rates) -> Decimal | None:
    """Price of an hour of a running VM with its address, without its disks; None where a price is not known."""
    total = rates.ip_hour
    parts = [(rates.machine_hour, machine.machine_type, 1)]
    if machine.gpu is not None:
        parts.append((rates.gpu_hour, machine.gpu, machine.gpu_count))
    for table, name, count in parts:
        price = table.get(name)
        if price is None:
            return None
        total += (price.spot if machine.spot else price.on_demand) * count
    return total


def at_rest_monthly(machine: Machine, rates: Rates) -> Decimal | None:
    """Price of a month of the disks, which bill whether the VM is on or off; None where a price is not known."""
    total = Decimal(0)
    for disk in machine.disks:
        price = rates.disk_gb_month.get(disk.kind)
        if price is None:
            return None
        total += price * disk.size_gb
    return total


def session_cost(session: Session, now: datetime) -> Decimal | None:
    """Cost of a session up to `now`; None where its price was not known."""
    return _cost(session, session.started_at, session.ended_at or now)


def month_cost(sessions: Iterable[Session], now: datetime) -> Decimal:
    """What the VM cost in this calendar month (UTC) so far, without its disks."""
    return _cost_since(sessions, _month_begin(now), now)


def day_cost(sessions: Iterable[Session], now: datetime) -> Decimal:
    """What the VM cost in this calendar day (UTC) so far, without its disks."""
    return _cost_since(sessions, _day_begin(now), now)


def resting_so_far(resting: Decimal | None, since: datetime | None, now: datetime) -> Decimal:
    """What the disks cost in this calendar month (UTC) so far, `since` they exist; nothing without a price."""
    if resting is None:
        return Decimal(0)
    return resting / _MONTH_HOURS * _seconds(now - _month_begin(now, since)) / _HOUR


def month_hours(sessions: Iterable[Session], now: datetime) -> timedelta:
    """How long the box was on in this calendar month (UTC)."""
    begin = _month_begin(now)
    spans = ((session.ended_at or now) - max(session.started_at, begin) for session in sessions)
    return sum((max(span, timedelta(0)) for span in spans), start=timedelta(0))


def saved(hourly_price: Decimal | None, hours_on: timedelta, since: datetime | None, now: datetime) -> Decimal | None:
    """What never stopping would have cost on top in this calendar month (UTC), `since` the box exists."""
    if hourly_price is None:
        return None
    hours_off = max(now - _month_begin(now, since) - hours_on, timedelta(0))
    return hourly_price * _seconds(hours_off) / _HOUR


def _cost_since(sessions: Iterable[Session], begin: datetime, now: datetime) -> Decimal:
    total = Decimal(0)
    for session in sessions:
        started, ended = max(session.started_at, begin), session.ended_at or now
        if ended > started:
            total += _cost(session, started, ended) or Decimal(0)
    return total


def _day_begin(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _month_begin(now: datetime, since: datetime | None = None) -> datetime:
    begin = _day_begin(now).replace(day=1)
    return begin if since is None else min(max(begin, since), now)


def _cost(session: Session, started: datetime, ended: datetime) -> Decimal | None:
    if session.hourly is None:
        return None
    return session.hourly * _seconds(max(ended - started, _MINIMUM)) / _HOUR


def _seconds(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1)) / Decimal(1_000_000)
