"""`gpubox status`."""

from typing import Annotated

import typer

from manager.cli import show
from manager.cli.exits import ExitCode
from manager.cli.follow import changes
from manager.cli.options import BoxName, Json, TokenFile, Url
from manager.cli.panel import Panel, connect
from manager.cli.terminal import out, print_json, print_line, print_status


def command(
    box: BoxName = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on and show each change, until Ctrl-C.")] = False,
    every: Annotated[bool, typer.Option("--all", help="All boxes, one line each.")] = False,
    as_json: Json = False,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Say whether the box is on, why, until when, and what it costs.

    With --json the panel's own answer, one line for each change with --watch. Exit status 6 where there is trouble.
    """
    with connect(url, token_file, box) as panel:
        if every:
            _all(panel, as_json=as_json)
        elif watch:
            _watch(panel, as_json=as_json)
        else:
            status = panel.status()
            if as_json:
                print_json(status)
            else:
                others = panel.boxes() if box is None else []
                print_status(status, [other for other in others if other["name"] != status["name"]])
            if status["phase"] == "trouble":
                raise typer.Exit(ExitCode.TROUBLE)


def _all(panel: Panel, *, as_json: bool) -> None:
    boxes = panel.boxes()
    if as_json:
        print_json({"boxes": boxes})
    for status in [] if as_json else boxes:
        print_line(status)


def _watch(panel: Panel, *, as_json: bool) -> None:
    before = ""
    for status in changes(panel):
        if as_json:
            print_json(status)
            continue
        said = show.headline(status)
        if before and said != before and out().is_terminal:
            print()
        if said != before:
            print_status(status)
        before = said
