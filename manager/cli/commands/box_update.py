"""`gpubox box update`: through the running panel, which holds the box in memory and tells it."""

from collections.abc import Iterable
from typing import Annotated

import typer

from manager.cli import show
from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.cli.follow import changes
from manager.cli.options import Json, Timeout, TokenFile, Url
from manager.cli.panel import Panel, connect
from manager.cli.terminal import print_json
from manager.cli.waiting import teller, trouble
from manager.messages import sentence

_FAILED = "box.update_failed"


def command(
    name: Annotated[str | None, typer.Argument(help="Which box. Default: the first one.", show_default=False)] = None,
    *,
    comfyui: Annotated[
        str | None, typer.Option("--comfyui", metavar="TAG", help="A tag of ComfyUI, e.g. v0.33.0.")
    ] = None,
    as_set: Annotated[
        bool, typer.Option("--as-set", help="Go back to what COMFYUI_REF says, at the next start.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the new version answers.")] = False,
    timeout: Timeout = 3600,
    as_json: Json = False,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Run another version of ComfyUI on a box, from now on.

    A box that is on builds it beside the one that runs and changes over once it answers; where it does not,
    yesterday's goes on. With --wait exit status 6 tells that. A box that is off gets it at its next start.
    """
    if (comfyui is None) is not as_set:
        raise Failure(sentence("update.which"), ExitCode.USAGE)
    version = comfyui or sentence("update.as_set")
    with connect(url, token_file, name) as panel:
        known = set(_failures(panel.status()))
        status = panel.update(comfyui)
        told = comfyui is not None and status["intent"] == "on" and status["status"] == "RUNNING"
        outcome = "asked" if told else "next_start"
        if told and wait and comfyui is not None:
            status, outcome = _until_it_runs(panel, comfyui, known, timeout), "done"
    if as_json:
        print_json(status | {"outcome": outcome})
        return
    said = {"name": status["name"], "version": version}
    match outcome:
        case "done":
            print(sentence("update.done", **said))
        case "asked":
            print(sentence("update.asked", **said))
        case _:
            print(sentence("update.next_start", **said))


def _until_it_runs(panel: Panel, tag: str, known: set[str], timeout: float) -> show.Json:
    """The status once this version answers; raises Failure where the box kept the one before, or went off."""
    with teller() as tell:
        for status in changes(panel, timeout):
            tell.say(sentence("update.under_way", version=tag))
            running = show.part(status, "comfyui").get("version")
            if status["phase"] == "ready" and running is not None and _same(str(running), tag):
                return status
            failures = list(_failures(status))
            # What an update before this one left behind is no news, until it has gone once.
            known &= set(failures)
            if fresh := [each for each in failures if each not in known]:
                raise Failure(fresh[0], ExitCode.TROUBLE)
            if status["phase"] == "trouble":
                raise trouble(status)
            if status["intent"] == "off":
                raise Failure(sentence("wait.called_off"))
    raise AssertionError("changes never end")


def _failures(status: show.Json) -> Iterable[str]:
    """What the box says of updates that failed, in words."""
    words = show.words_of(status)
    for notice in status.get("notices", []):
        if notice["code"] == _FAILED:
            yield " ".join((notice["title"], words.sentence(notice["detail"]), words.sentence(notice["remedy"])))


def _same(running: str, tag: str) -> bool:
    """Tags begin with a v, versions do not; what stands after a plus is a build of the same."""
    return running.partition("+")[0].removeprefix("v") == tag.partition("+")[0].removeprefix("v")
