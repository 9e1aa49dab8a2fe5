"""Kinds of values: what is accepted, and what is said where it is not."""

import ipaddress
import re
import shlex
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_SECRET_BYTES = 32
_HASH = re.compile(r"^\$(argon2(id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$[\w+/]+\$[\w+/]+|2[aby]\$\d\d\$[./\w]{53})$")
_HOST_NAME = re.compile(r"^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$")


def url(*schemes: str) -> AfterValidator:
    """A URL with one of these schemes, without a slash at its end."""

    def check(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not (parts.hostname or parts.scheme == "sqlite"):
            raise ValueError(f"is not a URL that begins with {' or '.join(f'{each}://' for each in schemes)}")
        _ = parts.port  # raises ValueError where it is no number
        return value.rstrip("/")

    return AfterValidator(check)


def matching(pattern: str, what: str) -> AfterValidator:
    """A text that fits the pattern as a whole; `what` says what it should be."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"is not {what}")
        return value

    return AfterValidator(check)


def _networks(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    networks: list[Network] = []
    for part in filter(None, (each.strip() for each in value.split(","))):
        try:
            networks.append(ipaddress.ip_network(part))
        except ValueError:
            raise ValueError(f"{part!r} is not an IP address or a CIDR range") from None
    return tuple(networks)


def _arguments(value: Any) -> Any:
    return tuple(shlex.split(value)) if isinstance(value, str) else value


def _host_name(value: str) -> str:
    if not _HOST_NAME.match(value.lower()):
        raise ValueError("is not a domain name")
    return value.lower()


def _folder_of_comfyui(value: Path) -> Path:
    if not (value / "main.py").is_file():
        raise ValueError(f"there is no main.py in {value}, so this is not a ComfyUI")
    return value.resolve()


def _secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value().encode()) < _SECRET_BYTES:
        raise ValueError(f"is shorter than {_SECRET_BYTES} bytes")
    return value


def _hash(value: SecretStr) -> SecretStr:
    if not _HASH.match(value.get_secret_value()):
        raise ValueError(
            "is not an argon2 or bcrypt hash (make one with: gpubox hash-password; "
            "in .env put it between single quotes, because of its $ signs)",
        )
    return value


def _database(value: SecretStr) -> SecretStr:
    if not re.match(r"^(postgresql|postgres|sqlite)(\+\w+)?://", value.get_secret_value()):
        raise ValueError("is not a URL that begins with postgresql:// or sqlite://")
    return value


Networks: TypeAlias = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
Arguments: TypeAlias = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_arguments)]
HostName: TypeAlias = Annotated[str, AfterValidator(_host_name)]
WebUrl: TypeAlias = Annotated[str, url("http", "https")]
ResourceName: TypeAlias = Annotated[str, matching(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", "a name as Google allows them")]
PasswordHash: TypeAlias = Annotated[SecretStr, AfterValidator(_hash)]
SigningSecret: TypeAlias = Annotated[SecretStr, AfterValidator(_secret)]
DatabaseUrl: TypeAlias = Annotated[SecretStr, AfterValidator(_database)]
ComfyUiFolder: TypeAlias = Annotated[Path, AfterValidator(_folder_of_comfyui)]
