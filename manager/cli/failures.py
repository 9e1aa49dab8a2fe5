"""How a command fails: one sentence and what to do, on stderr, and an exit status. Never a stack trace."""

import sys
import traceback

from manager.cli.exits import ExitCode, of_code
from manager.domain.errors import GpuboxError
from manager.messages import problem, sentence


class Failure(Exception):
    """Something a person can act on. `text` has no secrets in it."""

    def __init__(self, text: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


def of_domain(error: GpuboxError) -> Failure:
    """An error of the program's own, in its words."""
    words = problem(error.fault)
    return Failure(f"{words.title} {words.detail.in_utc()} {words.remedy.in_utc()}", of_code(error.code))


def told(error: Exception) -> Failure:
    """Any exception as something that can be said."""
    # By name, because importing the settings takes a quarter of a second and most commands do not read them.
    if type(error).__name__ == "SettingsError":
        return Failure(str(error), ExitCode.SETTINGS)
    if isinstance(error, Failure):
        return error
    if isinstance(error, GpuboxError):
        return of_domain(error)
    if isinstance(error, OSError):
        what = error.strerror or type(error).__name__
        return Failure(f"{error.filename}: {what}." if error.filename else f"{what}.")
    return Failure(sentence("unexpected", kind=type(error).__name__))


def report(error: Exception, *, debug: bool) -> int:
    """Say what went wrong; the exit status."""
    if debug:
        traceback.print_exception(error)
    failure = told(error)
    sys.stdout.flush()
    sys.stderr.write(f"gpubox: {failure.text}\n")
    return int(failure.code)
