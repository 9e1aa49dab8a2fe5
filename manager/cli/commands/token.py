"""`gpubox token`."""

import getpass
import json
import sys
from datetime import timedelta
from typing import Annotated

import typer

from manager.adapters.clock import SystemClock
from manager.adapters.tokens import JwtTokens
from manager.cli.access import Access, local_secret
from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.cli.options import Json, Url
from manager.messages import plain, sentence

# Programs of people; the manager's own name opens more (manager.application.bearers).
_PROGRAM = "program"


def command(
    url: Url = None,
    hours: Annotated[
        float | None,
        typer.Option(min=0.01, max=8760, help="How long it is good for. Default: SESSION_HOURS. Not with --url."),
    ] = None,
    box: Annotated[
        str | None,
        typer.Option(
            "--box",
            metavar="NAME",
            help="Print a service token instead, with which a program comes through this box's gate.",
        ),
    ] = None,
    days: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=3650,
            help="How long a service token is good for. Default: 30. Without --box: for the first box.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a session token, for scripts that send it as `x-auth-token`; with --box or --days a box's service token.

    On the panel's own computer it is simply signed. With --url the password is asked for (or read from stdin) and
    the panel there answers with a token. A service token is sent to ComfyUI as `Authorization: Bearer`; nothing
    but its time ends it, so keep it short.
    """
    if box is not None or days is not None:
        if url is not None or hours is not None:
            raise Failure(sentence("token.service_here"), ExitCode.USAGE)
        token, expires_at = _service(box, timedelta(days=30 if days is None else days))
    else:
        token, expires_at = _sign(hours) if url is None else _log_in(url, hours)
    print(json.dumps({"token": token, "expires_at": expires_at}) if as_json else token)


def _service(box: str | None, life: timedelta) -> tuple[str, str]:
    from manager.adapters.passes import keep_passes  # noqa: PLC0415 - a session needs no keys

    settings = Access(None, None).settings
    path = settings.state_dir / "gate-key"
    if not path.exists():
        raise Failure(sentence("token.no_key"), ExitCode.LOGIN)
    try:
        passes, _ = keep_passes(path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Failure(sentence("login.secret_unreadable", path=path, why=why), ExitCode.LOGIN) from None
    now = SystemClock().now()
    return passes.service(box or settings.gce_instance, _PROGRAM, now, life), str(plain(now + life))


def _sign(hours: float | None) -> tuple[str, str]:
    settings = Access(None, None).settings
    secret = local_secret(settings)
    if secret is None:
        raise Failure(sentence("token.no_panel"), ExitCode.LOGIN)
    lifetime = timedelta(hours=settings.session_hours if hours is None else hours)
    token, claims = JwtTokens(secret, lifetime).issue(SystemClock().now())
    return token, str(plain(claims.expires_at))


def _log_in(url: str, hours: float | None) -> tuple[str, str]:
    if hours is not None:
        raise Failure(sentence("token.hours"), ExitCode.USAGE)
    from manager.cli.panel import log_in  # noqa: PLC0415 - HTTP is not needed to sign

    place = Access(url, None).urls()[0]
    asked = (
        getpass.getpass(sentence("token.ask", url=place)) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    )
    session = log_in(place, asked)
    return str(session["token"]), str(session["expires_at"])
