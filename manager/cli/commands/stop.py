"""`gpubox stop`."""

from typing import Annotated

import typer

from manager.cli.options import BoxName, Json, Timeout, TokenFile, Url
from manager.cli.panel import connect
from manager.cli.terminal import answer
from manager.cli.waiting import until_off


def command(
    box: BoxName = None,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until Google has confirmed that it is off.")] = False,
    timeout: Timeout = 900,
    as_json: Json = False,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Turn the box off. Doing it twice is harmless; a start under way is called off.

    The panel goes on until Google confirms the stop, with or without --wait.
    """
    with connect(url, token_file, box) as panel:
        status = panel.stop()
        if wait:
            status = until_off(panel, timeout)
    answer(status, as_json=as_json)
