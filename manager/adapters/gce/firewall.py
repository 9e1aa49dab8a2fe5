"""One rule of Compute Engine's firewall as the port `Firewall`: read, and its source ranges replaced.

Rules have no fingerprint, so there is one writer: the manager that leads. A PUT would reset what it leaves out;
PATCH is a JSON merge patch, and only `sourceRanges` is sent.
"""

from manager.adapters.gce.api import Json
from manager.adapters.gce.calls import Calls
from manager.application.outside import FirewallRule
from manager.domain.box import Place
from manager.domain.errors import NoSuchResource


class GceFirewall:
    """The firewall of the boxes' network, through the same calls as a `GceCloud`: `GceFirewall(cloud.calls)`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def rule(self, place: Place, name: str) -> FirewallRule | None:
        """Read a rule; None where there is none of that name."""
        deadline = await self._calls.within(self._calls.limits.read)
        request: Json = {"project": place.project, "firewall": name}
        try:
            body = await self._calls.read("firewalls.get", request, place, deadline)
        except NoSuchResource as error:
            if error.data["kind"] not in ("firewall", "resource"):
                raise
            return None
        return _rule(body)

    async def set_sources(self, place: Place, name: str, sources: tuple[str, ...]) -> None:
        """Replace a rule's source ranges, and see the operation through."""
        deadline = await self._calls.within(self._calls.limits.see_through)
        request: Json = {
            "project": place.project,
            "firewall": name,
            "firewallResource": {"sourceRanges": list(sources)},
        }
        operation = await self._calls.write("firewalls.patch", request, place, deadline)
        await self._calls.see_through(operation, place, deadline, is_global=True)


def _rule(body: Json) -> FirewallRule:
    tags = tuple(str(tag) for tag in body.get("targetTags", []))
    return FirewallRule(
        name=str(body.get("name", "")),
        sources=tuple(str(network) for network in body.get("sourceRanges", [])),
        targets=tags,
        everywhere=not tags,
        opens=not body.get("disabled") and body.get("direction", "INGRESS") == "INGRESS" and bool(body.get("allowed")),
    )
