"""At the VM: the backstops that keep money and data safe whatever happens to this program. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from manager.adapters.gce.observing import last_part, machine, scheduling
from manager.cli.checks.finding import Finding, good, note, wrong
from manager.domain.box import Place
from manager.domain.power import bills

# Google's release notes of 2026-09-22.
_ENDS = {"nvidia-tesla-t4": (date(2027, 8, 1), "g2-standard-4 with nvidia-l4")}
_NEAR_DAYS = 180

Json = Mapping[str, Any]


def look(instance: Json, place: Place, max_run_hours: float, now: datetime) -> Iterator[Finding]:
    """All of it, from the VM as `instances.get` describes it."""
    on = bills(str(instance.get("status", "")))
    yield _run_limit(instance, max_run_hours, on=on)
    yield _automatic_restart(instance, on=on)
    yield _deletion_protection(instance, place)
    yield from _disks(instance, place)
    yield from _gpu(instance, now.date())


def _run_limit(instance: Json, hours: float, *, on: bool) -> Finding:
    stands = scheduling(instance.get("scheduling", {}))
    if stands.termination_action != "STOP":
        return wrong("run limit", "deletes")
    if stands.max_run is not None:
        return good("run limit", "well", limit_s=stands.max_run.total_seconds())
    if not hours:
        return note("run limit", "none")
    return wrong("run limit", "on_without") if on else note("run limit", "to_come")


def _automatic_restart(instance: Json, *, on: bool) -> Finding:
    if not scheduling(instance.get("scheduling", {})).automatic_restart:
        return good("automatic restart", "well")
    return wrong("automatic restart", "on_with") if on else note("automatic restart", "to_come")


def _deletion_protection(instance: Json, place: Place) -> Finding:
    if instance.get("deletionProtection"):
        return good("deletion protection", "well")
    return wrong("deletion protection", "none", **asdict(place))


def _disks(instance: Json, place: Place) -> Iterator[Finding]:
    disks: list[Json] = [disk for disk in instance.get("disks", []) if not disk.get("boot") and "source" in disk]
    if not disks:
        yield note("data disk", "none")
    for disk in disks:
        name = last_part(str(disk["source"]))
        if disk.get("autoDelete"):
            yield wrong("data disk", "dies", disk=name, **asdict(place))
        else:
            yield good("data disk", "well", disk=name)


def _gpu(instance: Json, today: date) -> Iterator[Finding]:
    gpu = machine(instance, {}).gpu
    if gpu not in _ENDS:
        return
    ends, successor = _ENDS[gpu]
    days = (ends - today).days
    told = {"gpu": gpu, "day": f"{ends.day} {ends:%B %Y}", "successor": successor}
    if days <= 0:
        yield wrong("GPU", "ended", **told)
    elif days <= _NEAR_DAYS:
        yield note("GPU", "near", **told, days=days)
    else:
        yield good("GPU", "well", **told)
