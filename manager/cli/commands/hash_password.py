"""`gpubox hash-password`."""

import getpass
import json
import sys
from typing import Annotated

import typer

from manager.adapters.passwords import hash_password
from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.messages import sentence


def command(
    password: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the hash as JSON.")] = False,
) -> None:
    """Turn a password into the hash for AUTH_PASSWORD_HASH.

    The password is asked for twice and not shown; a script can send it to stdin instead.
    """
    if password:
        raise Failure(sentence("password.on_command_line"), ExitCode.USAGE)
    hashed = hash_password(_ask())
    print(json.dumps({"hash": hashed}) if as_json else sentence("password.hashed", hash=hashed))


def _ask() -> str:
    if not sys.stdin.isatty():
        return _not_empty(sys.stdin.readline().rstrip("\r\n"))
    password = _not_empty(getpass.getpass(sentence("password.ask")))
    if getpass.getpass(sentence("password.again")) != password:
        raise Failure(sentence("password.two"), ExitCode.USAGE)
    return password


def _not_empty(password: str) -> str:
    if not password:
        raise Failure(sentence("password.empty"), ExitCode.USAGE)
    return password
