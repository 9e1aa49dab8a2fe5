"""Which networks may reach a box at this moment, and when that changes next.

Two locks hold them: Compute Engine's firewall rule, and the gate on the box. The firewall also has to let the
manager in, and everybody where nobody in particular is named; the gate refuses whoever has no session all the same.
Networks are texts in CIDR form, in order and without overlaps, so that two lists can be compared.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from manager.domain.errors import InvalidInput, LocalAddress, NetworkTooWide, TooManyAllowed

EVERYBODY = ("0.0.0.0/0", "::/0")
# Google takes an empty list of source ranges for everybody; these belong to nobody (RFC 5737, RFC 6666).
NOBODY_IPV4 = ("192.0.2.1/32",)
NOBODY_IPV6 = ("100::/128",)
# How long a box that runs may be out of the manager's reach before the firewall opens to let it find back in.
FIND_BACK = timedelta(minutes=2)
MOST = 50
# Whoever wants to let in more than this at once writes it into ALLOWED_IP.
_WIDEST = {4: 8, 6: 32}
# Providers give a household a whole /64, and computers change their address within it every day.
_HOUSEHOLD = 64

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Allowance:
    """A network that somebody let in; `until` None is until it is taken back."""

    network: str
    since: datetime
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it has not ended."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Fence:
    """What the settings say: `permanent` is ALLOWED_IP, where empty is everybody with a session.

    `relayed`: browsers come through the manager, so the box needs to admit nobody else. `front`: they come through
    a proxy on these networks, which is all that a firewall sees of them.
    """

    permanent: tuple[str, ...] = ()
    relayed: bool = False
    front: tuple[str, ...] = ()

    @property
    def narrow(self) -> bool:
        """Whether letting an address in changes anything: it does where not everybody is let in anyway."""
        return bool(self.permanent) and not self.relayed


@dataclass(frozen=True, slots=True)
class Contact:
    """How the manager stands with a box: its own address as the box sees it, None while that is not known.

    `unheard_for` is how long a box that runs has not been heard; None where it does not run.
    """

    address: str | None = None
    unheard_for: timedelta | None = None


def networks_now(fence: Fence, allowances: Iterable[Allowance], manager: str | None, now: datetime) -> tuple[str, ...]:
    """Who may pass the gate; empty is everybody with a session."""
    if not fence.permanent:
        return ()
    named = [*fence.permanent, *(each.network for each in allowances if each.holds(now))]
    return tidy([*named, *_single(manager)])


def ranges_now(fence: Fence, allowances: Iterable[Allowance], contact: Contact, now: datetime) -> tuple[str, ...]:
    """Who may pass the firewall; `EVERYBODY` where it has to stand open."""
    lost = contact.unheard_for is not None and contact.unheard_for >= FIND_BACK
    unknown = contact.address is None if fence.relayed else not fence.permanent
    if lost or unknown:
        return EVERYBODY
    visitors = networks_now(fence, allowances, contact.address, now)
    return tidy([*(fence.front or visitors), *_single(contact.address)])


def union(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """What several boxes behind one firewall rule need."""
    return tidy(network for each in lists for network in each)


def next_change(allowances: Iterable[Allowance], now: datetime) -> datetime | None:
    """When the next allowance ends; None where none does."""
    return min((each.until for each in allowances if each.until is not None and each.holds(now)), default=None)


def allow(
    allowances: Sequence[Allowance], network: str, until: datetime | None, now: datetime
) -> tuple[Allowance, ...]:
    """Let a network in, or change its end; raises TooManyAllowed."""
    others = [each for each in allowances if each.network != network and each.holds(now)]
    if len(others) >= MOST:
        raise TooManyAllowed(limit=MOST)
    return (*others, Allowance(network, now, until))


def remaining(allowances: Iterable[Allowance], now: datetime) -> tuple[Allowance, ...]:
    """Those that have not ended."""
    return tuple(each for each in allowances if each.holds(now))


def network_of_visitor(address: str) -> str:
    """The network that a visitor's address stands for: itself, or its /64; raises LocalAddress."""
    host = _unmapped(address)
    if host is None or not host.is_global:
        raise LocalAddress(address=address)
    return _named(host)


def network_of(text: str) -> str:
    """The network that somebody wrote: an address or a CIDR range; raises InvalidInput and the like."""
    host, network = _unmapped(text.strip()), _network(text.strip())
    if network is None or "%" in text:
        raise InvalidInput(field="address", problem="it is not an IP address or a CIDR range.")
    if network.prefixlen < _WIDEST[network.version]:
        raise NetworkTooWide(network=str(network), widest=f"/{_WIDEST[network.version]}")
    named = host or network
    if named.is_loopback or named.is_link_local or named.is_multicast or named.is_unspecified:
        raise LocalAddress(address=str(named))
    return str(network) if host is None else _named(host)


def covered(address: str, networks: Iterable[str]) -> bool:
    """Whether an address lies in one of the networks."""
    host = _unmapped(address)
    return host is not None and any(host in ipaddress.ip_network(network) for network in networks)


def by_family(networks: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The IPv4 ones and the IPv6 ones: one of Google's rules holds one kind."""
    listed = tuple(networks)
    return tuple(each for each in listed if ":" not in each), tuple(each for each in listed if ":" in each)


def tidy(networks: Iterable[str]) -> tuple[str, ...]:
    """In order and without overlaps; what cannot be read is left out."""
    listed = [network for each in networks if (network := _network(each)) is not None]
    four = ipaddress.collapse_addresses(each for each in listed if isinstance(each, ipaddress.IPv4Network))
    six = ipaddress.collapse_addresses(each for each in listed if isinstance(each, ipaddress.IPv6Network))
    return tuple(str(each) for each in (*four, *six))


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _single(address: str | None) -> list[str]:
    """A manager's address as a network; IPv6 with its /64, as for everybody."""
    host = None if address is None else _unmapped(address)
    return [] if host is None else [_named(host)]


def _named(host: _Address) -> str:
    prefix = _HOUSEHOLD if host.version == 6 else 32  # noqa: PLR2004 - the versions of IP
    return str(ipaddress.ip_network((host, prefix), strict=False))


def _unmapped(text: str) -> _Address | None:
    """An address; an IPv4 one that came in an IPv6 coat without it. None for what is no address."""
    try:
        host = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(host, "ipv4_mapped", None) or host
