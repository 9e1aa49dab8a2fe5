"""The box's own cookie: what a browser has once it has shown a ticket. Its secret never leaves the box."""

from dataclasses import dataclass

import jwt

from gpubox_agent.gate.refusal import Refused

NAME = "__Host-gpubox-box"
KIND = "gpubox-cookie+jwt"
_CLAIMS = ("sub", "adr", "box", "exp")


@dataclass(frozen=True)
class Cookie:
    """Whose it is: the session, what the address is bound to, the box, and when it ends (seconds since 1970)."""

    session: str
    address: str
    box: str
    ends: int


def sign(cookie: Cookie, secret: bytes) -> str:
    """The cookie's value."""
    claims = {"sub": cookie.session, "adr": cookie.address, "box": cookie.box, "exp": cookie.ends}
    return jwt.encode(claims, secret, algorithm="HS256", headers={"typ": KIND})


def read(value: str, secret: bytes) -> Cookie:
    """A cookie that this box has signed; what it says is not judged here. Raises Refused."""
    try:
        if jwt.get_unverified_header(value).get("typ") != KIND:
            raise Refused("wrong_kind")
        claims = jwt.decode(value, secret, algorithms=["HS256"], options={"verify_exp": False})
        session, address, box, ends = (claims[name] for name in _CLAIMS)
    except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
        raise Refused("forged") from None
    except (jwt.PyJWTError, KeyError, ValueError, TypeError):
        raise Refused("malformed") from None
    return Cookie(session, address, box, ends)


def header(value: str, seconds: int) -> str:
    """Set-Cookie. A frame on another site sends only SameSite=None, and only Partitioned where others are blocked."""
    return f"{NAME}={value}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=None; Partitioned"


def found_in(header_value: str) -> str | None:
    """The cookie's value in a request's Cookie header."""
    for pair in header_value.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == NAME and value:
            return value
    return None
