"""Options that several commands have, worded once."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Url: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--url", envvar="GPUBOX_URL", show_default=False, help="Where the panel is. Default: as the settings say."
    ),
]
TokenFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--token-file", metavar="FILE", help="A file with a session token; `gpubox token` makes one."),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
BoxName: TypeAlias = Annotated[
    str | None, typer.Option("--box", metavar="NAME", help="Which box. Default: the first one.")
]
Timeout: TypeAlias = Annotated[
    float,
    typer.Option("--timeout", min=1, metavar="SECONDS", help="How long to wait at most; then exit status 9."),
]
