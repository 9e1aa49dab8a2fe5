"""Questions before something costs money or is gone. Without a terminal nobody is asked, and nothing is done."""

import sys

from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.cli.terminal import err


def confirm(question: str, instead: str) -> None:
    """Go on only after a y; `instead` is the option that answers for a script."""
    if _answer(f"{question} [y/N] ", instead).lower() not in ("y", "yes"):
        raise Failure("Nothing was done.")


def confirm_name(question: str, name: str, instead: str) -> None:
    """Go on only after the name was typed."""
    if _answer(f"{question} Type {name} to go on: ", instead) != name:
        raise Failure("That is not its name. Nothing was done.")


def _answer(question: str, instead: str) -> str:
    if not sys.stdin.isatty():
        raise Failure(f"Nobody is here to be asked. A script says {instead}.", ExitCode.USAGE)
    err().print(question, end="", markup=False)
    return sys.stdin.readline().strip()
