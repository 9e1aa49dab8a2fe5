"""`gpubox logs`."""

import sys
import time
from typing import Annotated, Any

import typer

from manager.cli.options import BoxName, Json, TokenFile, Url
from manager.cli.panel import Panel, Unreachable, connect
from manager.cli.terminal import err, print_json

_PAUSE_S = 2.0
_PATIENCE_S = 60.0


def command(
    box: BoxName = None,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on and print what is added, until Ctrl-C.")
    ] = False,
    start: Annotated[int, typer.Option("--start", min=0, help="Begin at this offset of the serial output.")] = 0,
    as_json: Json = False,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Print what the box wrote: its serial output, and what its setup reports.

    The cloud keeps the last 1 MB. With --json one object for each piece; its `next` is where the next one starts.
    """
    with connect(url, token_file, box) as panel:
        piece = panel.logs(start)
        _print(piece, as_json=as_json)
        while follow:
            time.sleep(_PAUSE_S)
            newer = _patiently(panel, int(piece["serial"]["next"]))
            if newer["serial"]["text"] or newer["setup"] != piece["setup"]:
                _print(newer, as_json=as_json, known=piece["setup"])
            piece = newer


def _print(piece: dict[str, Any], *, as_json: bool, known: dict[str, Any] | None = None) -> None:
    if as_json:
        print_json(piece)
        return
    for name, value in piece["setup"].items():
        if (known or {}).get(name) != value:
            err().print(f"{name}: {value}", markup=False, style="dim")
    sys.stdout.write(piece["serial"]["text"])
    sys.stdout.flush()


def _patiently(panel: Panel, start: int) -> dict[str, Any]:
    """The next piece; a panel that restarts is waited for."""
    gone_at = time.monotonic()
    while True:
        try:
            return panel.logs(start)
        except Unreachable:
            if time.monotonic() - gone_at > _PATIENCE_S:
                raise
            time.sleep(_PAUSE_S)
