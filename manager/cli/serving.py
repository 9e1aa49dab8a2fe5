"""`gpubox serve`, without anything that the panel itself does not need."""

import gc
import os
import sys
from collections.abc import Sequence

from manager.cli.exits import ExitCode

_HIGHEST_PORT = 65535


def plain_options(arguments: Sequence[str]) -> dict[str, str] | None:
    """The options where they are simple enough to be read without typer; else None, and typer words the mistake."""
    given: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        name, mark, value = word.partition("=")
        if not mark:
            value = next(words, "")
        if name not in ("--host", "--port") or not value or value.startswith("-"):
            return None
        given[name.removeprefix("--")] = value
    port = given.get("port", "0")
    return given if port.isascii() and port.isdecimal() and int(port) <= _HIGHEST_PORT else None


def serve(host: str | None = None, port: str | None = None) -> int:
    """Serve the panel until a signal ends it; the exit status.

    What is given here goes through the environment, so that it is checked together with all other settings.
    """
    for name, value in (("HOST", host), ("PORT", port)):
        if value is not None:
            os.environ[name] = value
    from manager.settings import SettingsError, load  # noqa: PLC0415 - not needed to read the options

    try:
        settings = load()
    except SettingsError as error:
        sys.stderr.write(f"gpubox: {error}\n")
        return ExitCode.SETTINGS
    # Nothing that is imported becomes garbage; looking for some takes a tenth of the start.
    gc.disable()
    from manager import main  # noqa: PLC0415 - everything that the panel is made of

    gc.freeze()
    gc.enable()

    try:
        return main.serve(settings)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
