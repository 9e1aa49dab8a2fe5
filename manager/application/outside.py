"""Further ports: what lies between browsers and a box, and is steered along with it."""

from dataclasses import dataclass
from typing import Protocol

from manager.domain.box import Place


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """A rule of Compute Engine's firewall. `opens`: it lets traffic in, and is in force.

    `targets` are the network tags it is for; `everywhere` that it is for machines without such a tag, too.
    """

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...] = ()
    everywhere: bool = False
    opens: bool = True


class Firewall(Protocol):
    """Compute Engine's firewall. Every call raises a `CloudError`."""

    async def rule(self, place: Place, name: str) -> FirewallRule | None:
        """Read a rule of the box's project; None where there is none of that name."""
        ...

    async def set_sources(self, place: Place, name: str, sources: tuple[str, ...]) -> None:
        """Replace a rule's source ranges, and nothing else of it; seen through."""
        ...


class Dns(Protocol):
    """A zone of a name server. Every call raises DnsError."""

    async def addresses(self, name: str) -> tuple[str, ...]:
        """Where a name leads: its A and AAAA records; empty where it has none."""
        ...

    async def point(self, name: str, addresses: tuple[str, ...]) -> bool:
        """Let a name lead to just these addresses; whether anything had to be changed."""
        ...
