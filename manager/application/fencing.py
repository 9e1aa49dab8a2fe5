"""The firewall rule follows what is allowed: read, compared and patched, by the one manager that leads.

One rule may stand before several boxes, so it holds what all of them need. IPv6 ranges need a rule of their own at
Google; it bears the same name with `-ipv6`, and the panel makes neither of them: it has no right to.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from manager.application.live import LiveBox
from manager.application.outside import Firewall, FirewallRule
from manager.application.ports import Clock
from manager.application.registry import Registry
from manager.domain import allowing
from manager.domain.allowing import EVERYBODY, NOBODY_IPV4, NOBODY_IPV6
from manager.domain.box import Place
from manager.domain.errors import CloudError, Fault
from manager.domain.power import Power, power_of

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# How often the rule is compared while a box runs: somebody else may have edited it.
_COMPARE_EVERY = timedelta(minutes=1)
_AGAIN = timedelta(seconds=20)
_NOTICE = "firewall"
_IPV6 = "-ipv6"
_LONGEST_NAME = 63


@dataclass(slots=True)
class _Post:
    """What was last seen to stand in the rules of one project, and when they are looked at again."""

    standing: tuple[str, ...] | None = None
    compared_at: datetime | None = None
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Want:
    """One rule and what it is to hold; one that is not `needed` may be missing."""

    name: str
    sources: tuple[str, ...]
    needed: bool


class Fencing:
    """Keeps the rule named FIREWALL_RULE; without one it only sees to it that allowances end."""

    def __init__(self, registry: Registry, firewall: Firewall, rule: str | None, clock: Clock) -> None:
        self._registry = registry
        self._firewall = firewall
        self._rule = rule
        self._clock = clock
        self._posts: dict[str, _Post] = {}
        self._busy = False

    async def tick(self) -> None:
        """Everything that is due. Cheap where nothing is; a tick that comes while one is at work does nothing."""
        if self._busy:
            return
        self._busy = True
        try:
            boxes = self._registry.all()
            for live in boxes:
                await self._bookkeeping(live)
            if self._rule is not None:
                for project in {live.box.place.project for live in boxes}:
                    await self._watch(self._rule, [live for live in boxes if live.box.place.project == project])
        except Exception:
            # Whatever surprise the firewall holds, boxes are still to be stopped by the other loops.
            log.exception("the firewall rule could not be kept")
        finally:
            self._busy = False

    async def _bookkeeping(self, live: LiveBox) -> None:
        """Forget what has ended; remember from where the box sees the manager, for the next process."""
        now = self._clock.now()
        remaining = allowing.remaining(live.box.allowances, now)
        ended = [each for each in live.box.allowances if each not in remaining]
        address = live.manager_address or live.box.manager_address
        if not ended and address == live.box.manager_address:
            return
        await self._registry.change(
            live,
            lambda box: replace(box, allowances=allowing.remaining(box.allowances, now), manager_address=address),
            must=False,
        )
        for each in ended:
            await self._registry.write(live, "allowed_ended", {"network": each.network})
        self._registry.publish(live)

    async def _watch(self, rule: str, boxes: list[LiveBox]) -> None:
        """Look at one project's rules if they may differ from what is wanted."""
        now = self._clock.now()
        place = boxes[0].box.place
        post = self._posts.setdefault(place.project, _Post())
        unseen = all(live.seen is None for live in boxes)
        if unseen or (post.again_at is not None and now < post.again_at):
            return
        fence = self._registry.rules.fence
        wanted = allowing.union(
            allowing.ranges_now(fence, live.box.allowances, live.contact(now), now) for live in boxes
        )
        running = any(live.seen is not None and power_of(live.seen.status) is Power.ON for live in boxes)
        stale = post.compared_at is None or (running and now >= post.compared_at + _COMPARE_EVERY)
        if wanted == post.standing and not stale:
            return
        try:
            fault = await self._keep(rule, place, wanted, boxes)
        except CloudError as error:
            fault = error.fault
        post.compared_at, post.again_at = now, None if fault is None else now + _AGAIN
        post.standing = wanted if fault is None else None
        for live in boxes:
            self._tell(live, fault)

    async def _keep(self, rule: str, place: Place, wanted: tuple[str, ...], boxes: list[LiveBox]) -> Fault | None:
        """See to it that the rules hold what is wanted; the first thing that is wrong with them, if anything."""
        tags = set(_tags(boxes))
        faults: list[Fault] = []
        for want in _wants(rule, wanted):
            found = await self._firewall.rule(place, want.name)
            fault = unfit(found, want.name, tags)
            if fault is not None and (want.needed or fault.data["kind"] == "others"):
                faults.append(fault)
            elif fault is None and found is not None and allowing.tidy(found.sources) != want.sources:
                await self._firewall.set_sources(place, want.name, want.sources)
                log.info("firewall rule set", rule=want.name, sources=want.sources)
                for live in boxes:
                    await self._registry.write(live, "firewall_set", {"rule": want.name, "who": _who(want.sources)})
        return faults[0] if faults else None

    def _tell(self, live: LiveBox, fault: Fault | None) -> None:
        live.notices.pop(_NOTICE, None)
        if fault is not None:
            live.notices[_NOTICE] = fault
        self._registry.publish(live)


def _wants(rule: str, wanted: tuple[str, ...]) -> Iterator[_Want]:
    """The IPv4 rule always; the IPv6 one has to be there only for networks that somebody named."""
    four, six = allowing.by_family(wanted)
    named = any(network not in EVERYBODY for network in six)
    yield _Want(rule, four or NOBODY_IPV4, needed=True)
    yield _Want(ipv6_rule(rule), six or NOBODY_IPV6, needed=named)


def ipv6_rule(rule: str) -> str:
    """The name of the rule that holds the IPv6 ranges."""
    return f"{rule[: _LONGEST_NAME - len(_IPV6)]}{_IPV6}"


def unfit(found: FirewallRule | None, rule: str, tags: set[str]) -> Fault | None:
    """Why a rule of this name is not touched; None where it may be. `tags` are the boxes' own."""
    if found is None:
        return Fault("firewall_rule", {"kind": "missing", "rule": rule})
    if not found.opens:
        return Fault("firewall_rule", {"kind": "closed", "rule": rule})
    if found.everywhere or not set(found.targets) <= tags:
        others = ", ".join(sorted(set(found.targets) - tags)) or "every machine"
        return Fault("firewall_rule", {"kind": "others", "rule": rule, "others": others})
    return None


def _tags(boxes: Iterable[LiveBox]) -> Iterator[str]:
    for live in boxes:
        if live.seen is not None:
            yield from live.seen.tags


def _who(sources: tuple[str, ...]) -> str:
    """The networks for the journal."""
    everybody, nobody = set(sources) <= set(EVERYBODY), sources in (NOBODY_IPV4, NOBODY_IPV6)
    return "everybody" if everybody else "nobody" if nobody else ", ".join(sources)
