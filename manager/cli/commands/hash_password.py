"""`gpubox hash-password`."""

import getpass
import json
import sys
from typing import Annotated

import typer

from manager.adapters.passwords import hash_password
from manager.cli.exits import ExitCode
from manager.cli.failures import Failure


def command(
    password: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the hash as JSON.")] = False,
) -> None:
    """Turn a password into the hash for AUTH_PASSWORD_HASH.

    The password is asked for twice and not shown; a script can send it to stdin instead.
    """
    if password:
        raise Failure(
            "A password on the command line can be read by every user of this computer. "
            "Run it without one, and it is asked for.",
            ExitCode.USAGE,
        )
    hashed = hash_password(_ask())
    if as_json:
        print(json.dumps({"hash": hashed}))
        return
    print(f"{hashed}\n\nFor .env, with the single quotes, because of the $ signs:\nAUTH_PASSWORD_HASH='{hashed}'")


def _ask() -> str:
    if not sys.stdin.isatty():
        return _not_empty(sys.stdin.readline().rstrip("\r\n"))
    password = _not_empty(getpass.getpass("Password: "))
    if getpass.getpass("Once more: ") != password:
        raise Failure("These were two different passwords. Nothing was hashed.", ExitCode.USAGE)
    return password


def _not_empty(password: str) -> str:
    if not password:
        raise Failure("An empty password lets everybody in. Nothing was hashed.", ExitCode.USAGE)
    return password
