"""Passes: what opens the gate of a box. JSON Web Tokens signed with Ed25519; the box holds only the public key.

The three kinds and their claims are described in docs/box.md, "The gate".
"""

import base64
import os
import secrets
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manager.domain.errors import NotAuthenticated

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TICKET = "gpubox-ticket+jwt"
SERVICE = "gpubox-service+jwt"
STATEMENT = "gpubox-statement+jwt"

ALGORITHM = "EdDSA"
ISSUER = "gpubox"
TICKET_LIFE = timedelta(seconds=60)
SKEW = timedelta(seconds=5)

_SEED_BYTES = 32
_ID_BYTES = 16
# What the library would check against the computer's clock is checked here, against the caller's `now`.
_OPTIONS: Any = {
    "require": ["aud", "exp", "iat", "iss", "jti"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class Passes:
    """Signs and reads passes. `seed` is the private key: 32 bytes."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != _SEED_BYTES:
            raise ValueError(f"an Ed25519 key has {_SEED_BYTES} bytes")
        self._seed = seed

    @cached_property
    def _key(self) -> "Ed25519PrivateKey":
        # Brings cryptography along (0.1 s), which the start need not wait for.
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        return Ed25519PrivateKey.from_private_bytes(self._seed)

    @property
    def public_key(self) -> str:
        """The public key as metadata carries it: base64url of its 32 bytes, without padding."""
        return base64.urlsafe_b64encode(self._key.public_key().public_bytes_raw()).rstrip(b"=").decode()

    def ticket(self, box: str, session: str, session_ends: datetime, now: datetime) -> str:
        """Let a browser in: for a minute, once, for the session's life."""
        return self._sign(TICKET, box, now, TICKET_LIFE, {"sub": session, "ses": int(session_ends.timestamp())})

    def service(self, box: str, name: str, now: datetime, life: timedelta) -> str:
        """Let a program in, as a bearer."""
        return self._sign(SERVICE, box, now, life, {"sub": name})

    def statement(self, box: str, claims: dict[str, Any], now: datetime) -> str:
        """What the manager says to the box."""
        return self._sign(STATEMENT, box, now, TICKET_LIFE, claims)

    def read(self, kind: str, token: str, box: str, now: datetime) -> dict[str, Any]:
        """The claims of a pass of this kind for this box; raises NotAuthenticated (why: expired, invalid)."""
        import jwt  # noqa: PLC0415 - as above

        try:
            if jwt.get_unverified_header(token).get("typ") != kind:
                raise NotAuthenticated(why="invalid")
            claims: dict[str, Any] = jwt.decode(
                token, self._key.public_key(), algorithms=[ALGORITHM], audience=box, issuer=ISSUER, options=_OPTIONS
            )
            begins = datetime.fromtimestamp(int(claims["iat"]), UTC) - SKEW
            ends = datetime.fromtimestamp(int(claims["exp"]), UTC)
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError) as error:
            raise NotAuthenticated(why="invalid") from error
        if ends <= now:
            raise NotAuthenticated(why="expired")
        if begins > now:
            raise NotAuthenticated(why="invalid")
        return claims

    def _sign(self, kind: str, box: str, now: datetime, life: timedelta, claims: dict[str, Any]) -> str:
        import jwt  # noqa: PLC0415 - as above

        issued = int(now.timestamp())
        payload = {
            **claims,
            "iss": ISSUER,
            "aud": box,
            "jti": secrets.token_urlsafe(_ID_BYTES),
            "iat": issued,
            "exp": issued + int(life.total_seconds()),
        }
        return jwt.encode(payload, self._key, algorithm=ALGORITHM, headers={"typ": kind})


def keep_passes(path: Path) -> tuple[Passes, str]:
    """The key in this file, made at the first call and readable by the owner only, and its public half.

    The public half is kept beside it, because deriving it costs a tenth of a second. Raises OSError, and
    ValueError where the file holds something else.
    """
    public = path.with_suffix(".pub")
    try:
        passes = Passes(base64.urlsafe_b64decode(path.read_bytes()))
        return passes, public.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    passes = Passes(_keep_seed(path))
    public.write_text(passes.public_key + "\n", encoding="ascii")
    return passes, passes.public_key


def _keep_seed(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # a second process was quicker, or the public half is missing
        return base64.urlsafe_b64decode(path.read_bytes())
    seed = secrets.token_bytes(_SEED_BYTES)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.urlsafe_b64encode(seed) + b"\n")
    return seed
