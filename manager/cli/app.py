"""Which commands there are, and how one of them is run."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.main import get_command

from manager import __version__
from manager.cli.exits import ExitCode, table
from manager.cli.failures import report
from manager.cli.secrecy import refuse_secrets

# The order is the help's; each is a module in `commands/`, `_` for `-`.
_COMMANDS = ("serve", "status", "start", "stop", "hold", "logs", "doctor", "token", "hash-password", "cloud")
_GROUPS = ("box",)

_HELP = """A GPU box in the cloud that is there when you work and gone when you don't.

Start the panel with `gpubox serve`. The other commands talk to a running panel (status, start, stop, hold, logs)
or look after the installation (doctor, token, hash-password, box).

They find the panel at --url, else GPUBOX_URL, else where the settings say; and prove who they are with
--token-file, else GPUBOX_TOKEN. On the panel's own computer no token is needed.
"""


def run(arguments: Sequence[str]) -> int:
    """Run a command; the exit status."""
    try:
        refuse_secrets(arguments)
        get_command(build(arguments)).main(args=list(arguments), prog_name="gpubox")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.OK
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough of it; nothing more can be said there.
        sys.stderr.close()
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 - the one place where everything ends as a sentence
        return report(error, debug="--debug" in arguments)
    return ExitCode.OK


def build(arguments: Sequence[str] = ()) -> typer.Typer:
    """The application, with the one command that `arguments` name, or with all of them."""
    app = typer.Typer(
        help=_HELP,
        epilog=f"Exit status: {table()}.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_root)
    named = next((word for word in arguments if not word.startswith("-")), None)
    only = [named] if named in (*_COMMANDS, *_GROUPS) else [*_COMMANDS, *_GROUPS]
    for name in only:
        module: Any = import_module(f"manager.cli.commands.{name.replace('-', '_')}")
        if name in _GROUPS:
            app.add_typer(module.group, name=name)
        else:
            app.command(name)(module.command)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        print(f"gpubox {__version__}")
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    _ = (version, debug)
