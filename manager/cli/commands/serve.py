"""`gpubox serve`."""

from typing import Annotated

import typer

from manager.cli import serving


def command(
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Where to listen, instead of HOST; 0.0.0.0 is everywhere.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port, instead of PORT; 0 takes a free one.")
    ] = None,
) -> None:
    """Start the panel and serve it until Ctrl-C.

    Without any settings the box is a demo on this computer, and the first start prints how to log in.
    Settings come from the environment or from `.env` in this folder; `.env.example` describes them all.
    """
    raise typer.Exit(serving.serve(host, None if port is None else str(port)))
