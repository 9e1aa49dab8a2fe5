"""How browsers and the manager come to a box's ComfyUI: from the settings, the box's address and what it says itself.

A box behind a gate writes the guest attribute `entrance` (docs/box.md). One that does not has no gate: a process of
the embedded cloud, a startup script of one's own, or an address that COMFYUI_URL names.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

from manager.application.ports import Door

PLAIN, DOMAIN, TUNNEL, RELAY, NONE = "plain", "domain", "tunnel", "relay", "none"
# What lies under it at the box, and at the relay, belongs to the gate.
_ENTER = "/_gpubox/enter"
_DOMAINS = {"letsencrypt": DOMAIN, "origin": DOMAIN, "tunnel": TUNNEL}
_LONGEST_CERTIFICATE = 16_384
_HIGHEST_PORT, _PORT_DIGITS = 65_535, 5
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Said:
    """The guest attribute `entrance`. `open`: the box has an address that browsers accept."""

    way: str
    open: bool
    certificate: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Entrance:
    """`way` is plain (no gate), domain, tunnel, relay or none (closed, see `problem`).

    `url` is where a browser goes, `door` how the manager comes in; None while that is not known. `relay` is where
    the relay passes this box on, for browsers that refuse the box's own address its storage; None without one.
    """

    way: str
    url: str | None
    door: Door | None
    relay: str | None = None
    problem: str | None = None

    @property
    def gated(self) -> bool:
        """Whether the box asks everybody for a pass."""
        return self.way != PLAIN

    @property
    def origins(self) -> list[str]:
        """What the panel may frame."""
        found = [origin_of(url) for url in (self.url, self.relay) if url is not None]
        return list(dict.fromkeys(found))


def origin_of(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def seen_from(url: str, page: str) -> str:
    """The same port at the scheme and host of a page: as a browser has it that knows this computer by another name."""
    there, here = urlsplit(url), urlsplit(page)
    port = there.port or _PORTS.get(there.scheme)
    shown = "" if port == _PORTS.get(here.scheme) else f":{port}"
    return f"{here.scheme}://{here.netloc}{shown}"


def entering(url: str, ticket: str) -> str:
    """Where a browser shows its ticket. What stands in the fragment is sent to no server, and so in no log."""
    return f"{url.rstrip('/')}{_ENTER}#ticket={ticket}"


def entrance_of(
    *,
    box: str,
    ip: str | None,
    guest: Mapping[str, str],
    comfyui_url: str | None = None,
    domain: str | None = None,
    relay_url: str | None = None,
) -> Entrance:
    """The entrance of a box at this address. What the box says chooses among ways, and never names a host."""
    if comfyui_url is not None:
        return _plain(comfyui_url)
    host = None if ip is None else f"[{ip}]" if ":" in ip else ip
    port = guest.get("comfyui-port", "")
    if _is_port(port):
        return _plain(f"https://{domain}" if domain else None if host is None else f"http://{host}:{port}")
    said = read_entrance(guest.get("entrance", ""))
    if said is None:
        return _plain(f"https://{domain}" if domain else None if host is None else f"http://{host}")
    pinned = None
    if host is not None and said.certificate is not None:
        pinned = Door(f"https://{host}", box, said.certificate)
    if domain is None or said.way == RELAY:
        way = RELAY if said.way == RELAY else NONE
        return Entrance(way, relay_url if way == RELAY else None, pinned, relay_url, said.problem)
    url = f"https://{domain}" if said.open else None
    return Entrance(said.way, url, Door(url, box) if url else pinned, relay_url, said.problem)


def _is_port(text: str) -> bool:
    """Connecting to a port that cannot be fails in ways that no client tells as its own."""
    return len(text) <= _PORT_DIGITS and text.isascii() and text.isdecimal() and int(text) <= _HIGHEST_PORT


def _plain(url: str | None) -> Entrance:
    return Entrance(PLAIN, url, None if url is None else Door(url))


@lru_cache(maxsize=64)
def read_entrance(text: str) -> Said | None:
    """The guest attribute; None where the box has written none that can be read. Never raises."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    told = cast("dict[str, Any]", value)
    way, certificate, problem = told.get("way"), told.get("certificate"), told.get("problem")
    if not isinstance(way, str):
        return None
    pem = (
        isinstance(certificate, str) and len(certificate) <= _LONGEST_CERTIFICATE and "BEGIN CERTIFICATE" in certificate
    )
    return Said(
        way=RELAY if way == RELAY else _DOMAINS.get(way, NONE),
        open=isinstance(told.get("url"), str) and bool(told["url"]),
        certificate=certificate if pem else None,
        problem=problem[:100] if isinstance(problem, str) and problem else None,
    )
