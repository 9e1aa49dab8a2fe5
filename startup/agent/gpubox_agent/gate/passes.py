"""Reading passes: JSON Web Tokens that the manager signed with Ed25519. It takes the pass, the keys and the time."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gpubox_agent.gate.refusal import Refused

TICKET = "gpubox-ticket+jwt"
SERVICE = "gpubox-service+jwt"
STATEMENT = "gpubox-statement+jwt"

ISSUER = "gpubox"
SKEW = 5  # seconds that the manager's clock and this one may differ
LIFE = 60  # seconds; of tickets and statements
_KEY_BYTES = 32
# The times are checked here, against the caller's `now`, which is not always the computer's clock.
_OPTIONS: Any = {
    "require": ["aud", "exp", "iat", "iss", "jti"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


@dataclass(frozen=True)
class Pass:
    """What a pass says: moments are seconds since 1970, `until` is when it may be forgotten."""

    id: str
    issued: int
    ends: int
    claims: dict[str, Any]

    @property
    def until(self) -> int:
        """From then on it is refused for its age alone."""
        return self.ends + SKEW


def public_keys(listed: str) -> tuple[Ed25519PublicKey, ...]:
    """The keys in metadata: base64url of 32 bytes each, with commas. What is no key is left out."""
    keys: list[Ed25519PublicKey] = []
    for text in listed.split(","):
        try:
            raw = base64.b64decode(text.strip() + "==", altchars=b"-_", validate=False)
        except (binascii.Error, ValueError):
            continue
        if len(raw) == _KEY_BYTES:
            keys.append(Ed25519PublicKey.from_public_bytes(raw))
    return tuple(keys)


def read_pass(kind: str, token: str, keys: Sequence[Ed25519PublicKey], box: str, now: float) -> Pass:
    """A pass of this kind for this box that is good now; raises Refused."""
    try:
        if jwt.get_unverified_header(token).get("typ") != kind:
            raise Refused("wrong_kind")
    except (jwt.PyJWTError, ValueError):
        raise Refused("malformed") from None
    read = _checked(_claims(token, keys, box))
    if read.issued - SKEW > now:
        raise Refused("too_early")
    if now >= read.until or (kind != SERVICE and read.ends - read.issued > LIFE):
        raise Refused("expired")
    return read


def _claims(token: str, keys: Sequence[Ed25519PublicKey], box: str) -> dict[str, Any]:
    """Several keys are good while the manager changes from one to the next."""
    found = (_claims_by(key, token, box) for key in keys)
    claims = next((claims for claims in found if claims is not None), None)
    if claims is None:
        raise Refused("forged")
    return claims


def _claims_by(key: Ed25519PublicKey, token: str, box: str) -> dict[str, Any] | None:
    """None where it was not signed with this key."""
    try:
        # The algorithm is pinned: `none`, or HS256 with the public key for a secret, is what forgers try.
        return jwt.decode(token, key, algorithms=["EdDSA"], audience=box, issuer=ISSUER, options=_OPTIONS)
    except jwt.InvalidAudienceError:
        raise Refused("other_box") from None
    except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError, jwt.InvalidKeyError):
        return None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise Refused("malformed") from None


def _checked(claims: dict[str, Any]) -> Pass:
    issued, ends, name = claims["iat"], claims["exp"], claims["jti"]
    if type(issued) is not int or type(ends) is not int or not isinstance(name, str) or not name:
        raise Refused("malformed")
    return Pass(name, issued, ends, claims)
