"""What a new box is made of, and what it will cost."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from manager import assembly
from manager.application.ports import BoxSpec
from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.cli.words import Words
from manager.domain import cost
from manager.domain.box import Disk, Machine, Place
from manager.domain.cost import Rates
from manager.messages import sentence
from manager.settings import Settings

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
# Where Google's images for machine learning are; they install the driver themselves where they are told to.
LEARNING_IMAGES = "deeplearning-platform-release"


@dataclass(frozen=True)
class Wishes:
    """What the command line says of a new box; GPU None for none."""

    machine_type: str
    gpu: str | None
    gpu_count: int
    spot: bool
    disk_size: int
    boot_size: int
    image_family: str
    image_project: str
    service_account: str | None


def place_for(settings: Settings, name: str, zone: str | None) -> Place:
    """Where the box goes; raises Failure for a name that Google does not take."""
    if not _NAME.fullmatch(name):
        raise Failure(sentence("create.bad_name", name=repr(name)), ExitCode.USAGE)
    return Place(assembly.first_place(settings).project, zone or settings.gce_zone, name)


def spec_for(settings: Settings, name: str, wishes: Wishes) -> BoxSpec:
    """What is asked of the cloud. The startup script comes with the first start, so that none is cut short now."""
    metadata = {"enable-guest-attributes": "TRUE"}
    if wishes.gpu is not None and wishes.image_project == LEARNING_IMAGES:
        metadata["install-nvidia-driver"] = "True"
    return BoxSpec(
        machine_type=wishes.machine_type,
        data_disk=data_disk(name),
        tag=assembly.DEMO_BOX.tag,
        gpu=wishes.gpu,
        gpu_count=wishes.gpu_count,
        spot=wishes.spot,
        max_run=timedelta(hours=settings.max_run_hours) or None,
        image_family=wishes.image_family,
        image_project=wishes.image_project,
        boot_size_gb=wishes.boot_size,
        data_size_gb=wishes.disk_size,
        service_account=wishes.service_account,
        metadata=metadata,
    )


def data_disk(name: str) -> str:
    """The data disk that is made for a box of this name."""
    return f"{name}-data"


def machine_of(spec: BoxSpec) -> Machine:
    """A new box as far as it costs money."""
    disks = (Disk(spec.boot_type, spec.boot_size_gb), Disk(spec.data_type, spec.data_size_gb))
    return Machine(spec.machine_type, spec.gpu, spec.gpu_count if spec.gpu else 0, spec.spot, disks)


def prices(spec: BoxSpec, rates: Rates) -> dict[str, str | None]:
    """What an hour costs while it is on, and a month while it is off; None where a price is not known."""
    machine = machine_of(spec)
    hourly, resting = cost.hourly(machine, rates), cost.at_rest_monthly(machine, rates)
    return {
        "currency": rates.currency,
        "hourly": None if hourly is None else f"{hourly:.3f}",
        "at_rest_monthly": None if resting is None else f"{resting:.2f}",
        "rates_as_of": rates.as_of.isoformat(),
    }


def described(place: Place, spec: BoxSpec, priced: dict[str, str | None], words: Words) -> Iterator[tuple[str, str]]:
    """The plan, for a person to agree to: codes of labels, and words."""
    gpu = f"{spec.gpu_count} {spec.gpu}" if spec.gpu else sentence("plan.no_gpu")
    yield "plan_machine", ", ".join([spec.machine_type, gpu, *([sentence("plan.spot")] if spec.spot else [])])
    yield "plan_where", sentence("plan.where", zone=place.zone, project=place.project)
    yield "plan_disks", sentence("plan.disks", boot=spec.boot_size_gb, data=spec.data_size_gb, name=spec.data_disk)
    yield "plan_image", sentence("plan.image", family=spec.image_family, project=spec.image_project)
    hours = spec.max_run.total_seconds() / 3600 if spec.max_run else None
    yield "plan_limit", sentence("plan.limit", hours=f"{hours:g}") if hours else sentence("plan.no_limit")
    unknown = sentence("plan.unknown")
    on, rest = priced["hourly"], priced["at_rest_monthly"]
    yield "plan_on", sentence("cost.hourly", amount=words.money(on)) if on else unknown
    yield "plan_rest", sentence("plan.at_rest", amount=words.money(rest)) if rest else unknown
    yield "plan_prices", sentence("plan.prices", day=priced["rates_as_of"])
