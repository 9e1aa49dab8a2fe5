"""Letting addresses in: what a person asks, what is remembered, and the list with the ends.

Everything here records what is wanted; `fencing` brings it to the firewall, the manager's statements to the gate.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from manager import messages
from manager.application.live import LiveBox, Rules
from manager.application.ports import Clock
from manager.application.registry import Registry
from manager.domain import allowing
from manager.domain.errors import InvalidInput, LocalAddress
from manager.messages import Message, plain

# Longer than that is "until I remove it".
_LONGEST = timedelta(days=366)


class Allowing:
    """The service behind the panel and the API. `hurry` has the gates and the firewall told at once."""

    def __init__(
        self, registry: Registry, rule: str | None, name_kept_by: str | None, clock: Clock, hurry: Callable[[], None]
    ) -> None:
        self._registry = registry
        self._rule = rule
        self._name_kept_by = name_kept_by
        self._clock = clock
        self._hurry = hurry

    def allowed(self, name: str, visitor: str) -> dict[str, Any]:
        """The list and what it means, for a visitor of this address; raises UnknownBox."""
        live, now = self._registry.get(name), self._clock.now()
        rules = self._registry.rules
        networks = live.allowed_now(rules, now)
        remaining = allowing.remaining(live.box.allowances, now)
        network = _network(visitor)
        let_in = not networks or allowing.covered(visitor, networks)
        return {
            "everybody": not networks,
            "permanent": list(rules.fence.permanent),
            "allowed": [
                {"network": each.network, "since": plain(each.since), "until": plain(each.until)} for each in remaining
            ],
            "changes_at": plain(allowing.next_change(remaining, now)),
            "visitor": {
                "address": visitor,
                "network": network,
                "allowed": let_in,
            },
            "useful": rules.fence.narrow,
            "firewall_rule": self._rule,
            "problem": _problem(live, "firewall"),
            "notes": [note.as_json() for note in self._notes(rules, visitor, network, let_in=let_in)],
        }

    async def allow(self, name: str, visitor: str, address: str | None, until: datetime | None) -> dict[str, Any]:
        """Let the visitor's network in, or the given one, until then or for good.

        Raises UnknownBox, InvalidInput, LocalAddress, NetworkTooWide, TooManyAllowed, StoreUnavailable.
        """
        live, now = self._registry.get(name), self._clock.now()
        if until is not None and not now < until <= now + _LONGEST:
            raise InvalidInput(field="until", problem="it has to be in the future, and within a year.")
        network = allowing.network_of_visitor(visitor) if address is None else allowing.network_of(address)
        await self._registry.change(
            live, lambda box: replace(box, allowances=allowing.allow(box.allowances, network, until, now))
        )
        code = "allowed" if until is None else "allowed.until"
        await self._registry.write(live, code, {"network": network, "ends_at": until})
        return self._changed(live, visitor)

    async def remove(self, name: str, visitor: str, network: str) -> dict[str, Any]:
        """Let a network in no longer; one that is not in the list is no error."""
        live = self._registry.get(name)
        listed = [each for each in live.box.allowances if each.network == network]
        if listed:
            await self._registry.change(
                live,
                lambda box: replace(box, allowances=tuple(each for each in box.allowances if each.network != network)),
            )
            await self._registry.write(live, "allowed_removed", {"network": network})
        return self._changed(live, visitor)

    def _changed(self, live: LiveBox, visitor: str) -> dict[str, Any]:
        self._registry.publish(live)
        self._hurry()
        return self.allowed(live.name, visitor)

    def _notes(self, rules: Rules, visitor: str, network: str | None, *, let_in: bool) -> list[Message]:
        fence = rules.fence
        code = "relayed" if fence.relayed else "narrow" if fence.permanent else "open"
        if code == "narrow" and self._rule is None:
            code = "narrow.gate_alone"
        notes = [messages.note(code)]
        if fence.narrow:
            known = "visitor.in" if let_in else "visitor.out"
            notes.append(messages.note("local_visitor" if network is None else known, address=visitor))
        if rules.domain is not None and not fence.relayed:
            kept = self._name_kept_by
            notes.append(messages.note("name.by_hand" if kept is None else "name.dns", domain=rules.domain, zone=kept))
        return notes


def _network(visitor: str) -> str | None:
    try:
        return allowing.network_of_visitor(visitor)
    except LocalAddress:
        return None


def _problem(live: LiveBox, about: str) -> dict[str, Any] | None:
    fault = live.notices.get(about)
    return None if fault is None else messages.problem(fault).as_json()
