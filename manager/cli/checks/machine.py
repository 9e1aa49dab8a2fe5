"""At the VM: the backstops that keep money and data safe whatever happens to this program. Pure."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from manager.adapters.gce.observing import last_part, machine, scheduling
from manager.cli.checks.finding import Finding, good, note, wrong
from manager.domain.box import Place
from manager.domain.power import bills
from manager.messages import duration

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
    check, stands = "run limit", scheduling(instance.get("scheduling", {}))
    if stands.termination_action != "STOP":
        return wrong(check, "At its end Google deletes the VM.", "Set instanceTerminationAction to STOP at once.")
    if stands.max_run is not None:
        return good(check, f"Google stops the box after {duration(stands.max_run.total_seconds())}.")
    if not hours:
        return note(check, "There is none: a box that is forgotten runs for ever.", "Set MAX_RUN_HOURS, e.g. to 12.")
    if on:
        return wrong(check, "The box is on without one.", "Stop it and start it in the panel, which sets it.")
    return note(check, "Not set yet; the next start in the panel sets it.")


def _automatic_restart(instance: Json, *, on: bool) -> Finding:
    check = "automatic restart"
    if not scheduling(instance.get("scheduling", {})).automatic_restart:
        return good(check, "Off: nothing turns the box on unseen.")
    if on:
        return wrong(
            check, "Google may turn the box on unseen.", "Stop it and start it in the panel, which turns it off."
        )
    return note(check, "On; the next start in the panel turns it off.")


def _deletion_protection(instance: Json, place: Place) -> Finding:
    check = "deletion protection"
    if instance.get("deletionProtection"):
        return good(check, "Nobody deletes the VM by accident.")
    command = f"gcloud compute instances update {place.instance} {_where(place)} --deletion-protection"
    return wrong(check, "The VM can be deleted with one call.", f"Run: {command}")


def _disks(instance: Json, place: Place) -> Iterator[Finding]:
    check = "data disk"
    disks: list[Json] = [disk for disk in instance.get("disks", []) if not disk.get("boot") and "source" in disk]
    if not disks:
        yield note(check, "There is none: models live and die with the VM.", "docs/gcp.md says how to add one.")
    for disk in disks:
        name = last_part(str(disk["source"]))
        if not disk.get("autoDelete"):
            yield good(check, f"{name} outlives the VM.")
            continue
        command = f"gcloud compute instances set-disk-auto-delete {place.instance} {_where(place)}"
        yield wrong(check, f"{name} would be deleted with the VM.", f"Run: {command} --disk {name} --no-auto-delete")


def _gpu(instance: Json, today: date) -> Iterator[Finding]:
    gpu = machine(instance, {}).gpu
    if gpu not in _ENDS:
        return
    ends, successor = _ENDS[gpu]
    days = (ends - today).days
    said = f"{gpu} ends on {ends.day} {ends:%B %Y}"
    remedy = f"Change to {successor}; docs/gcp.md says how."
    if days <= 0:
        yield wrong("GPU", f"{said}: Google gives none any more.", remedy)
    elif days <= _NEAR_DAYS:
        yield note("GPU", f"{said}, in {days} days.", remedy)
    else:
        yield good("GPU", f"{said}; {successor} is what comes after it.")


def _where(place: Place) -> str:
    return f"--project {place.project} --zone {place.zone}"
