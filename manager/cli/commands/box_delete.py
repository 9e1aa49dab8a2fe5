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
from manager.messages import sentence
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
        raise Failure(sentence("delete.other_name", given=repr(yes), name=repr(name)), ExitCode.USAGE)
    kept = asyncio.run(_delete(settings, name, delete_data_disk=delete_data_disk, asked=yes is None))
    if as_json:
        print_json({"name": name, "kept_disks": list(kept)})
        return
    print(sentence("delete.deleted", name=name))
    for disk in kept:
        print(sentence("delete.kept", disk=disk))
    if assembly.first_place(settings).instance == name:
        print(sentence("delete.comes_back"))


async def _delete(settings: Settings, name: str, *, delete_data_disk: bool, asked: bool) -> Sequence[str]:
    async with store_of(settings) as store, cloud_of(settings) as reached:
        box = await box_named(store, name)
        there = await _is_there(reached, box.place)
        if asked:
            _ask(name, delete_data_disk=delete_data_disk)
        with teller() as tell:
            tell.say(sentence("delete.deleting", name=name), _USUAL_S)
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
        raise Failure(sentence("delete.is_on", name=place.instance, status=seen.status))
    return True


def _ask(name: str, *, delete_data_disk: bool) -> None:
    if delete_data_disk:
        confirm_name(sentence("delete.ask_all", name=name), name, f"--yes {name}")
    else:
        confirm(sentence("delete.ask", name=name), f"--yes {name}")


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
