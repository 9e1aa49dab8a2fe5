"""How things are printed: colours and columns where somebody looks on, plain lines where a program reads."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from manager.cli import show
from manager.messages import sentence

_LABEL = 11


def out() -> Console:
    """Where answers go."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def err() -> Console:
    """Where progress and questions go, so that stdout stays what was asked for."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def print_json(data: Any) -> None:
    """JSON on one line, for programs."""
    print(json.dumps(data, ensure_ascii=False), flush=True)


def answer(status: show.Json, *, as_json: bool) -> None:
    """A box's status as the answer to a command."""
    if as_json:
        print_json(status)
    else:
        print_status(status)


def print_status(status: show.Json, others: Iterable[show.Json] = ()) -> None:
    """A box's status, and the names of the other boxes."""
    console = out()
    console.print(_headline(status))
    label = ""
    for what, words in show.lines(status):
        console.print(labelled("" if what == label else what, words))
        label = what
    names = ", ".join(f"{other['name']} ({other['phase']})" for other in others)
    if names:
        console.print(labelled("others", sentence("status.others", names=names)))


def labelled(what: str, words: str) -> Text:
    """Words after their label; `what` is the label's code, empty for none."""
    label = sentence(f"label.{what}") if what else ""
    return Text.assemble((f"  {label:<{_LABEL}}", "dim"), words)


def print_line(status: show.Json) -> None:
    """A box's status on one line."""
    out().print(_headline(status))


def _headline(status: show.Json) -> Text:
    shape, colour = show.shape(status)
    return Text.assemble((f"{shape} ", colour), (status["name"], "bold"), f"  {show.headline(status)}")
