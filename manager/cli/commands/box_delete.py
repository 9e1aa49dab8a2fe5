"""`gpubox box delete`: the VM first, its place in the books last, so that the same command can go on in between."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from manager import assembly
from manager.cli.asking import confirm, confirm_name
from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.cli.options import Json
from manager.cli.plan import data_disk
from manager.cli.reach import Reached, box_named, cloud_of, store_of
from manager.cli.terminal import print_json
from manager.cli.waiting import teller
from manager.domain.box import Place
from manager.domain.errors import NoSuchResource
from manager.domain.power import bills
from manager.settings import Settings, load

_USUAL_S = 60.0


def command(
    name: Annotated[str, typer.Argument(help="Which box.", show_default=False)],
    *,
    delete_data_disk: Annotated[
        bool, typer.Option("--delete-data-disk", help="Delete models and pictures too. They cannot be brought back.")
    ] = False,
    yes: Annotated[
        str | None,
        typer.Option("--yes", metavar="NAME", help="The name again, instead of questions; for scripts."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Delete a box that is off. Its data disk, with models and pictures, stays unless you say otherwise.

    Run again after an interruption, it goes on where it was.
    """
    settings = load()
    if yes is not None and yes != name:
        raise Failure(f"--yes names {yes!r} and not {name!r}. Nothing was done.", ExitCode.USAGE)
    kept = asyncio.run(_delete(settings, name, delete_data_disk=delete_data_disk, asked=yes is None))
    if as_json:
        print_json({"name": name, "kept_disks": list(kept)})
        return
    print(f"The box {name} is deleted.")
    for disk in kept:
        print(f"Its data disk {disk} is kept, and goes on costing what a disk costs.")
    if assembly.first_place(settings).instance == name:
        print("It is the box of GCE_INSTANCE: the next start of the panel looks for it again.")


async def _delete(settings: Settings, name: str, *, delete_data_disk: bool, asked: bool) -> Sequence[str]:
    async with store_of(settings) as store, cloud_of(settings) as reached:
        box = await box_named(store, name)
        there = await _is_there(reached, box.place)
        if asked:
            _ask(name, delete_data_disk=delete_data_disk)
        with teller() as tell:
            tell.say(f"Deleting {name}.", _USUAL_S)
            kept: Sequence[str] = ()
            if there:
                kept = await reached.builder.delete_box(box.place, delete_data_disk)
            elif delete_data_disk:
                await _delete_disk(reached, box.place, data_disk(name))
            await store.remove_box(name)
    return kept


async def _is_there(reached: Reached, place: Place) -> bool:
    """Whether the VM is still there; raises Failure while it is on."""
    try:
        seen = await reached.cloud.observe(place)
    except NoSuchResource as error:
        if error.data["kind"] != "instance":
            raise
        return False
    if bills(seen.status):
        raise Failure(
            f"{place.instance} is on (Google says {seen.status}). "
            f"Stop it first: gpubox stop --wait --box {place.instance}",
        )
    return True


def _ask(name: str, *, delete_data_disk: bool) -> None:
    if delete_data_disk:
        lost = f"This deletes {name} and all models and pictures on its data disk, for ever."
        confirm_name(lost, name, f"--yes {name}")
    else:
        confirm(f"Delete the VM {name}? Its data disk stays.", f"--yes {name}")


async def _delete_disk(reached: Reached, place: Place, disk: str) -> None:
    """The data disk of a VM that an earlier run has deleted already."""
    calls = reached.cloud.calls
    deadline = await calls.within(calls.limits.see_through)
    request = {"project": place.project, "zone": place.zone, "disk": disk}
    try:
        operation = await calls.write("disks.delete", request, place, deadline)
        await calls.see_through(operation, place, deadline)
    except NoSuchResource:
        return
