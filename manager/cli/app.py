"""Which commands there are, and how one of them is run."""

import ast
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.resources import files
from typing import Annotated, Any

import typer
from typer.main import get_command

from manager import __version__
from manager.cli.exits import ExitCode, table
from manager.cli.failures import report
from manager.cli.secrecy import refuse_secrets

# The order is the help's; each is a module in `commands/`, `_` for `-`.
_COMMANDS = ("serve", "status", "start", "stop", "hold", "logs", "doctor", "token", "hash-password", "cloud")
_GROUPS = {"box": "Make, update and delete boxes in the cloud."}

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
        get_command(build(_words(arguments))).main(args=list(arguments), prog_name="gpubox")
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
    """The application, with the one command that `arguments` name, or with a list of all of them."""
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
    if named in _GROUPS:
        app.add_typer(_module(named).group, name=named, help=_GROUPS[named])
    elif named in _COMMANDS:
        app.command(named)(_module(named).command)
    else:
        _list_all(app)
    return app


def _module(name: str) -> Any:
    return import_module(f"manager.cli.commands.{name.replace('-', '_')}")


def _list_all(app: typer.Typer) -> None:
    """Names and helps of all commands, for the help and for completion. They are read and not imported: Tab waits."""
    folder = files("manager.cli.commands")
    for name in _COMMANDS:
        source = ast.parse(folder.joinpath(f"{name.replace('-', '_')}.py").read_text(encoding="utf-8"))
        functions = (node for node in source.body if isinstance(node, ast.FunctionDef) and node.name == "command")
        app.command(name, help=ast.get_docstring(next(functions)))(_only_listed)
    for name, text in _GROUPS.items():
        group = typer.Typer(help=text)
        group.callback()(_only_listed)
        app.add_typer(group, name=name)


def _only_listed() -> None:
    raise AssertionError("a command that is named is imported")


def _words(arguments: Sequence[str]) -> Sequence[str]:
    """The words of the command line; while it is being completed they come through the environment."""
    typed = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS")
    return typed.split()[1:] if "_GPUBOX_COMPLETE" in os.environ and typed else arguments


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
