"""Who may reach the boxes, in memory: what is asked for is what happens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from manager.domain import allowing
from manager.domain.allowing import Allowance
from manager.domain.errors import LocalAddress, UnknownBox
from manager.messages import note, plain


@dataclass
class MemoryAllowing:
    """One list for both boxes of the tests. `strict` False takes any address, as its description does."""

    now: Any
    listed: tuple[Allowance, ...] = ()
    strict: bool = True

    def allowed(self, name: str, visitor: str) -> dict[str, Any]:
        if name not in ("first", "second"):
            raise UnknownBox(name=name)
        try:
            network = allowing.network_of_visitor(visitor)
        except LocalAddress:
            network = None
        listed = [
            {"network": each.network, "since": plain(each.since), "until": plain(each.until)} for each in self.listed
        ]
        return {
            "everybody": False,
            "permanent": ["93.184.216.0/24"],
            "allowed": listed,
            "changes_at": None,
            "visitor": {"address": visitor, "network": network, "allowed": False},
            "useful": True,
            "firewall_rule": None,
            "problem": None,
            "notes": [note("narrow.gate_alone").as_json()],
        }

    async def allow(self, name: str, visitor: str, address: str | None, until: datetime | None) -> dict[str, Any]:
        self.allowed(name, visitor)
        network = "84.20.30.40/32"
        if self.strict:
            network = allowing.network_of_visitor(visitor) if address is None else allowing.network_of(address)
        self.listed = allowing.allow(self.listed, network, until, self.now())
        return self.allowed(name, visitor)

    async def remove(self, name: str, visitor: str, network: str) -> dict[str, Any]:
        self.allowed(name, visitor)
        self.listed = tuple(each for each in self.listed if each.network != network)
        return self.allowed(name, visitor)
