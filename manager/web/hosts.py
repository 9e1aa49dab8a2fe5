"""By which name a browser knows this computer: what stands in its address bar."""

import re

from starlette.types import Scope

from manager.web.credentials import read_proof
from manager.web.deps import visitor_of
from manager.web.proxies import is_loopback

_NAME = re.compile(r"[a-z0-9.\-]+|\[[0-9a-f:.]+\]", re.IGNORECASE)


def host_in(header: str) -> str:
    """The name in a Host header, without the port; empty where it is none."""
    name = re.sub(r":\d*$", "", header)
    return name if _NAME.fullmatch(name) else ""


def names_this_computer(name: str) -> bool:
    """Whether a host's name can mean no other computer than the one it is used on, whatever DNS says."""
    return name.lower() == "localhost" or is_loopback(name.strip("[]"))


def page_at(scope: Scope) -> str | None:
    """Scheme and host, without the port, of the panel's page as this browser has it; None where it does not say."""
    host = host_in(read_proof(scope).host)
    return f"{'https' if visitor_of(scope).secure else 'http'}://{host}" if host else None
