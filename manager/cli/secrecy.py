"""Secrets do not belong on the command line: every user of the computer can read it there, and shells remember it."""

from collections.abc import Sequence

from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.messages import sentence

_SECRET_OPTIONS = ("--password", "--auth-password", "--jwt-secret", "--secret", "--token")


def refuse_secrets(arguments: Sequence[str]) -> None:
    """Raises Failure where an option would carry a secret; what it carries is not repeated."""
    for word in arguments:
        option = word.partition("=")[0]
        if option in _SECRET_OPTIONS:
            raise Failure(sentence("login.secret_option", option=option), ExitCode.USAGE)
