"""`gpubox hold`."""

from typing import Annotated

import typer

from manager.adapters.clock import SystemClock
from manager.cli.options import BoxName, Json, TokenFile, Url
from manager.cli.panel import connect
from manager.cli.terminal import answer
from manager.cli.until import parse_until
from manager.messages import plain


def command(
    until: Annotated[list[str], typer.Argument(metavar="2h | 30m | until 18:00 | off", show_default=False)],
    box: BoxName = None,
    *,
    as_json: Json = False,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Keep the box on for a while, whatever happens in it; `off` ends that.

    A time of day is meant in this computer's time zone. A hold ends after at most 7 days, and Google's own run
    limit still counts.
    """
    moment = parse_until(until, SystemClock().now().astimezone())
    with connect(url, token_file, box) as panel:
        status = panel.hold(plain(moment))
    answer(status, as_json=as_json)
