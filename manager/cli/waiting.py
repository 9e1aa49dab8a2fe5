"""Waiting until a box is on, or seen to be off, with a bar where somebody looks on and lines where nobody does."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar

from manager.cli import show
from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.cli.follow import changes
from manager.cli.panel import Panel
from manager.cli.terminal import err
from manager.messages import sentence

# What is usual where the panel has not seen a start yet; a bar that waits for longer stays just short of full.
_USUAL_S = 60.0
_ALMOST = 0.97


class Teller(Protocol):
    """Says how far something is."""

    def say(self, words: str, usual_s: float | None = None) -> None:
        """What is going on now, and how long all of it usually takes."""
        ...


def until_ready(panel: Panel, timeout: float) -> show.Json:
    """The status once ComfyUI answers; raises Failure for trouble, a stop by somebody else, or the time-out."""
    with teller() as tell:
        for status in changes(panel, timeout):
            tell.say(show.headline(status), _usual(status))
            if status["phase"] == "ready":
                return status
            if status["phase"] == "trouble":
                raise trouble(status)
            if status["intent"] == "off":
                raise Failure(sentence("wait.called_off"))
    raise AssertionError("changes never end")


def until_off(panel: Panel, timeout: float) -> show.Json:
    """The status once Google has confirmed the stop; raises Failure for trouble, a new start, or the time-out."""
    with teller() as tell:
        for status in changes(panel, timeout):
            tell.say(show.headline(status))
            if status["phase"] == "off":
                return status
            if status["intent"] == "on":
                raise Failure(sentence("wait.on_again"))
            if status["phase"] == "trouble":
                raise trouble(status)
    raise AssertionError("changes never end")


def trouble(status: show.Json) -> Failure:
    """What is wrong with a box, in words."""
    words, told = show.words_of(status), show.part(status, "trouble")
    parts = [str(told.get("title", "")), words.sentence(told.get("detail")), words.sentence(told.get("remedy"))]
    return Failure(" ".join(filter(None, parts)) or show.headline(status), ExitCode.TROUBLE)


@contextmanager
def teller() -> Generator[Teller]:
    """A bar on a terminal, else a line at each change, on stderr."""
    console = err()
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), _ByTheClock(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._said = ""

    def say(self, words: str, usual_s: float | None = None) -> None:
        _ = usual_s
        if words != self._said:
            self._said = words
            self._console.print(words, markup=False)


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("…", total=None, usual_s=None)

    def say(self, words: str, usual_s: float | None = None) -> None:
        self._progress.update(self._task, description=words.replace("[", "\\["), usual_s=usual_s)


class _ByTheClock(ProgressColumn):
    """A bar that fills as time passes: nothing tells how far Google is, only how long it usually takes."""

    def render(self, task: Task) -> ProgressBar:
        usual: float | None = task.fields.get("usual_s")
        if usual is None:
            return ProgressBar(width=24, pulse=True, animation_time=task.get_time())
        return ProgressBar(total=usual, completed=min(task.elapsed or 0.0, usual * _ALMOST), width=24)


def _usual(status: show.Json) -> float | None:
    if status["phase"] == "queued":
        return None
    usual: list[float] = [step["usual_s"] for step in show.steps(status) if step["usual_s"]]
    return sum(usual) or _USUAL_S
