"""Secrets do not belong on the command line: every user of the computer can read it there, and shells remember it."""

from collections.abc import Sequence

from manager.cli.exits import ExitCode
from manager.cli.failures import Failure

_SECRET_OPTIONS = ("--password", "--auth-password", "--jwt-secret", "--secret", "--token")
_TELLING = (
    "{option} is not taken: every user of this computer can read a command line. "
    "Passwords are asked for or read from stdin; a token comes from --token-file or GPUBOX_TOKEN."
)


def refuse_secrets(arguments: Sequence[str]) -> None:
    """Raises Failure where an option would carry a secret; what it carries is not repeated."""
    for word in arguments:
        option = word.partition("=")[0]
        if option in _SECRET_OPTIONS:
            raise Failure(_TELLING.format(option=option), ExitCode.USAGE)
