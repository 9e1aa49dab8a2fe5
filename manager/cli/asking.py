"""Questions before something costs money or is gone. Without a terminal nobody is asked, and nothing is done."""

import sys

from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.cli.terminal import err
from manager.messages import sentence


def confirm(question: str, instead: str) -> None:
    """Go on only after a y; `instead` is the option that answers for a script."""
    if _answer(sentence("ask.yes_or_no", question=question), instead).lower() not in ("y", "yes"):
        raise Failure(sentence("ask.no"))


def confirm_name(question: str, name: str, instead: str) -> None:
    """Go on only after the name was typed."""
    if _answer(sentence("ask.name", question=question, name=name), instead) != name:
        raise Failure(sentence("ask.other_name"))


def _answer(question: str, instead: str) -> str:
    if not sys.stdin.isatty():
        raise Failure(sentence("ask.nobody", instead=instead), ExitCode.USAGE)
    err().print(question, end="", markup=False)
    return sys.stdin.readline().strip()
