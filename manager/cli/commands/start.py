"""`gpubox start`."""

from typing import Annotated

import typer

from manager.cli.options import BoxName, Json, Timeout, TokenFile, Url
from manager.cli.panel import connect
from manager.cli.terminal import answer
from manager.cli.waiting import until_ready


def command(
    box: BoxName = None,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until ComfyUI answers, with a progress bar.")] = False,
    timeout: Timeout = 1800,
    as_json: Json = False,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Turn the box on. Doing it twice is harmless; while the box stops it is remembered.

    Without --wait the command ends as soon as the panel knows what is wanted.
    """
    with connect(url, token_file, box) as panel:
        status = panel.start()
        if wait:
            status = until_ready(panel, timeout)
    answer(status, as_json=as_json)
