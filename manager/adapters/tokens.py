"""Session tokens: JSON Web Tokens signed with HMAC-SHA256, and the secret they are signed with."""

import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from manager.application.ports import TokenClaims
from manager.domain.errors import NotAuthenticated

ALGORITHM = "HS256"
SECRET_BYTES = 32

_TOKEN_ID_BYTES = 16
_CLAIMS = ["exp", "iat", "jti"]
# What the library would check against the computer's clock is checked here, against the caller's `now`.
_OPTIONS: Any = {"require": _CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False}


class JwtTokens:
    """Signs and reads tokens that live for `lifetime`. The secret has at least 32 bytes.

    The algorithm is pinned: a token that names another one (or none) is not valid, whoever signed it.
    """

    def __init__(self, secret: str, lifetime: timedelta) -> None:
        if len(secret.encode()) < SECRET_BYTES:
            raise ValueError(f"the secret needs {SECRET_BYTES} bytes")
        self._secret = secret
        self._lifetime = lifetime

    def issue(self, now: datetime) -> tuple[str, TokenClaims]:
        """A new token."""
        import jwt  # noqa: PLC0415 - brings cryptography along (0.1 s), which the start need not wait for

        issued = now.replace(microsecond=0)
        claims = TokenClaims(secrets.token_urlsafe(_TOKEN_ID_BYTES), issued, issued + self._lifetime)
        payload = {
            "jti": claims.token_id,
            "iat": int(claims.issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
        }
        return jwt.encode(payload, self._secret, algorithm=ALGORITHM), claims

    def read(self, token: str, now: datetime) -> TokenClaims:
        """Claims of a valid token; raises NotAuthenticated (why: expired, invalid)."""
        import jwt  # noqa: PLC0415 - as above

        try:
            payload = jwt.decode(token, self._secret, algorithms=[ALGORITHM], options=_OPTIONS)
            claims = TokenClaims(
                _text(payload["jti"]),
                datetime.fromtimestamp(_seconds(payload["iat"]), UTC),
                datetime.fromtimestamp(_seconds(payload["exp"]), UTC),
            )
        except (jwt.InvalidTokenError, ValueError, OverflowError, OSError) as error:
            raise NotAuthenticated(why="invalid") from error
        if claims.expires_at <= now:
            raise NotAuthenticated(why="expired")
        return claims


def keep_secret(path: Path) -> str:
    """The secret in this file; made at the first call, readable by the owner only. Raises OSError."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # a second process was quicker
        return path.read_text(encoding="ascii").strip()
    secret = secrets.token_urlsafe(2 * SECRET_BYTES)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret + "\n")
    return secret


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a text")
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a moment")  # noqa: TRY004 - a wrong token, not a wrong program
    return value
