"""Addresses of clients, and networks that may pass."""

import ipaddress
from collections.abc import Iterable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# A household or a device changes its IPv6 address by itself, within the network that the provider gave it.
_IPV6_BOUND_TO = 64


def address(text: str) -> Address | None:
    """The address that nginx saw; an IPv4 one within IPv6 is the IPv4 one. None where it is none."""
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def bound_to(client: Address) -> str:
    """What a cookie is bound to: the address, of IPv6 its /64."""
    if isinstance(client, ipaddress.IPv4Address):
        return str(client)
    return str(ipaddress.ip_network((int(client), _IPV6_BOUND_TO), strict=False))


def networks(listed: Iterable[str]) -> tuple[Network, ...]:
    """Networks and addresses by their texts; what is neither is left out, and then lets nobody in."""
    found = (_network(text.strip()) for text in listed)
    return tuple(network for network in found if network is not None)


def within(client: Address, allowed: Sequence[Network]) -> bool:
    """Whether a network holds the address."""
    return any(client.version == network.version and client in network for network in allowed)


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
