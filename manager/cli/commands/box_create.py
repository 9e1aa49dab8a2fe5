"""`gpubox box create`.

The box is written into the books first and made in the cloud second: if the command is killed in between, a running
panel already looks after what may have come into being, and the same command, run again, goes on.
"""

import asyncio
from typing import Annotated
from uuid import uuid4

import typer

from manager.adapters.clock import SystemClock
from manager.adapters.store.sql import SqlStore
from manager.application.boxes import new_box
from manager.application.ports import BoxSpec
from manager.assembly import DEMO_BOX, rules
from manager.cli.asking import confirm
from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.cli.options import Json
from manager.cli.plan import LEARNING_IMAGES, Wishes, described, place_for, prices, spec_for
from manager.cli.reach import Reached, cloud_of, store_of
from manager.cli.terminal import err, labelled, print_json
from manager.cli.waiting import teller
from manager.cli.words import Words
from manager.domain.box import Box, Intent, Place
from manager.domain.errors import BoxExists, CloudError, CloudUnreachable, Conflict, NotReadyYet
from manager.domain.power import bills
from manager.messages import sentence
from manager.settings import Settings, load

_USUAL_S = 90.0
_PATIENCE_S = 300


def command(
    name: Annotated[str, typer.Argument(help="Its name, in the panel and in the cloud.", show_default=False)],
    *,
    machine_type: Annotated[str, typer.Option(help="Google's name of the machine.")] = "n1-standard-4",
    gpu: Annotated[str, typer.Option(help="Google's name of the GPU, or none.")] = "nvidia-tesla-t4",
    gpu_count: Annotated[int, typer.Option(min=1, max=16, help="How many of them.")] = 1,
    spot: Annotated[bool, typer.Option("--spot", help="Cheaper, and Google may take it back at any time.")] = False,
    zone: Annotated[str | None, typer.Option(help="Where. Default: GCE_ZONE.")] = None,
    disk_size: Annotated[int, typer.Option(min=10, max=65536, help="The data disk, in GB.")] = 200,
    boot_size: Annotated[int, typer.Option(min=10, max=65536, help="The boot disk, in GB.")] = 100,
    image_family: Annotated[str, typer.Option(help="The newest image of this family.")] = DEMO_BOX.image_family,
    image_project: Annotated[str, typer.Option(help="The project that the image is in.")] = LEARNING_IMAGES,
    service_account: Annotated[str | None, typer.Option(help="The email that the VM acts as. Default: none.")] = None,
    adopt: Annotated[bool, typer.Option("--adopt", help="Take over a VM of that name that is there already.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Make a box: a VM with a GPU, and a data disk that outlives it.

    What it costs is shown first. The box is off when it is there; a running panel shows it within a minute.
    Run again after an interruption, it goes on where it was.
    """
    settings = load()
    no_gpu = gpu.lower() in ("", "none")
    wishes = Wishes(
        machine_type=machine_type,
        gpu=None if no_gpu else gpu,
        gpu_count=gpu_count,
        spot=spot,
        disk_size=disk_size,
        boot_size=boot_size,
        image_family=image_family,
        image_project=image_project,
        service_account=service_account,
    )
    place, spec = place_for(settings, name, zone), spec_for(settings, name, wishes)
    rates = rules(settings).rates
    priced = prices(spec, rates)
    for what, said in described(place, spec, priced, Words(SystemClock().now(), rates.currency)):
        err().print(labelled(what, said))
    if not yes:
        confirm(sentence("create.ask", name=name), "--yes")
    done = asyncio.run(_create(settings, place, spec, adopt=adopt))
    if as_json:
        where = {"name": name, "project": place.project, "zone": place.zone, "data_disk": spec.data_disk}
        print_json(where | {"outcome": done} | priced)
    else:
        print(sentence(f"create.{done}", name=name))


async def _create(settings: Settings, place: Place, spec: BoxSpec, *, adopt: bool) -> str:
    async with store_of(settings) as store, cloud_of(settings) as reached:
        if spec.gpu is not None and not adopt:
            await _check_zone(reached, place, spec.gpu)
        box, known = await _register(store, place)
        with teller() as tell:
            tell.say(sentence("create.making", name=place.instance), _USUAL_S)
            try:
                await reached.builder.create_box(place, spec)
            except Conflict:
                if not (known or adopt):
                    await store.remove_box(box.name)
                    foreign = sentence("create.foreign", name=place.instance, zone=place.zone)
                    raise Failure(foreign, ExitCode.NAME) from None
                tell.say(sentence("create.found", name=place.instance))
                return await _found(reached, place, box)
            except (CloudUnreachable, NotReadyYet):
                # It may be coming into being, so it stays in the books; the same command goes on.
                raise
            except CloudError:
                if not known:
                    await store.remove_box(box.name)
                raise
    return "made"


async def _check_zone(reached: Reached, place: Place, gpu: str) -> None:
    zones = await reached.builder.zones_with(place.project, gpu)
    if place.zone not in zones:
        code = "create.gpu_elsewhere" if zones else "create.gpu_nowhere"
        raise Failure(sentence(code, zone=place.zone, gpu=gpu, zones=", ".join(zones)), ExitCode.CLOUD)


async def _register(store: SqlStore, place: Place) -> tuple[Box, bool]:
    """The box in the books, and whether it was there before."""
    for box in await store.boxes():
        if box.name == place.instance:
            if box.place != place:
                raise BoxExists(name=box.name)
            return box, True
    box = new_box(place.instance, place, SystemClock().now())
    await store.add_box(box)
    return box, False


async def _found(reached: Reached, place: Place, box: Box) -> str:
    """What was there already. One that nobody wants on was left so by a creation that was cut short."""
    seen = await reached.cloud.observe(place)
    if not bills(seen.status):
        return "there"
    if box.intent is Intent.ON or box.session_at is not None:
        return "on"
    await reached.cloud.stop(place, str(uuid4()))
    for _ in range(_PATIENCE_S):
        if not bills((await reached.cloud.observe(place)).status):
            return "stopped"
        await asyncio.sleep(1)
    raise Failure(sentence("create.still_stopping", name=place.instance))
