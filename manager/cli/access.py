"""Where the panel is, and how a command proves who it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from manager.adapters.clock import SystemClock
from manager.adapters.tokens import JwtTokens
from manager.cli.exits import ExitCode
from manager.cli.failures import Failure
from manager.messages import sentence

if TYPE_CHECKING:
    from manager.settings import Settings

# Long enough for one request and for a clock that is a little off; a new one is signed for each.
_LIFE = timedelta(minutes=10)
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared with, not listened on


@dataclass(frozen=True)
class Access:
    """From the options and the environment to addresses and tokens. Settings are read only where they are needed."""

    url: str | None
    token_file: Path | None
    token: str | None = None

    @cached_property
    def settings(self) -> "Settings":
        """The settings; raises SettingsError."""
        from manager.settings import load  # noqa: PLC0415 - a quarter of a second, and mostly not needed elsewhere

        return load()

    def urls(self) -> list[str]:
        """Where the panel may be, the likeliest first."""
        if self.url:
            return [_checked(self.url)]
        local = local_url(self.settings)
        public = self.settings.public_url
        return [local] if public is None or public == local else [public, local]

    def token_for(self, url: str) -> Callable[[], str]:
        """What gives a token for each request; raises Failure with how to log in."""
        if self.token_file is not None:
            token = read_token(self.token_file)
            return lambda: token
        if self.token:
            token = self.token.strip()
            return lambda: token
        # A token that opens this computer's panel is never sent to another computer that somebody named.
        secret = local_secret(self.settings) if self.url is None or _is_here(url) else None
        if secret is None:
            raise Failure(f"{sentence('login.none')} {sentence('login.how', url=url)}", ExitCode.LOGIN)
        tokens, clock = JwtTokens(secret, _LIFE), SystemClock()
        return lambda: tokens.issue(clock.now())[0]


def local_url(settings: "Settings") -> str:
    """The panel's address on its own computer."""
    host = _EVERYWHERE.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def local_secret(settings: "Settings") -> str | None:
    """What this computer's panel signs tokens with; None where no panel has run here."""
    if settings.jwt_secret is not None:
        return settings.jwt_secret.get_secret_value()
    path = settings.state_dir / "jwt-secret"
    try:
        return path.read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or sentence("login.not_text")
        raise Failure(sentence("login.secret_unreadable", path=path, why=why), ExitCode.LOGIN) from None


def read_token(path: Path) -> str:
    """A token that was kept in a file."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or sentence("login.not_a_token")
        raise Failure(sentence("login.file_unreadable", path=path, why=why), ExitCode.LOGIN) from None
    if not token or len(token.split()) != 1:
        raise Failure(sentence("login.file_empty", path=path), ExitCode.LOGIN)
    return token


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise Failure(sentence("panel.bad_url"), ExitCode.USAGE)
    return url.rstrip("/")


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
