"""Letting addresses in, and the firewall rule that follows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from manager.application.allowing import Allowing
from manager.application.boxes import new_box
from manager.application.fencing import Fencing, ipv6_rule
from manager.application.outside import FirewallRule
from manager.domain.allowing import Fence
from manager.domain.box import Place
from manager.domain.errors import (
    CloudError,
    CloudUnreachable,
    InvalidInput,
    LocalAddress,
    StoreUnavailable,
    TooManyAllowed,
    UnknownBox,
)
from tests.support.clock import NOON
from tests.support.factories import PLACE
from tests.support.fakes import FullDiskStore
from tests.support.world import World

HOUR = timedelta(hours=1)
OFFICE = "93.184.216.0/24"
VISITOR = "84.20.30.40"
HOME = "84.20.30.40/32"
NARROW = Fence(permanent=(OFFICE,))
RELAY = Fence(relayed=True)
RULE = "gpubox-web"


class MemoryFirewall:
    """Rules in memory; `refuses` is raised by every call, `sets` counts the patches."""

    def __init__(self) -> None:
        self.rules: dict[str, FirewallRule] = {}
        self.refuses: Exception | None = None
        self.reads = 0
        self.sets: list[tuple[str, tuple[str, ...]]] = []
        self.meanwhile: Callable[[], Any] | None = None

    def add(self, name: str = RULE, *sources: str, targets: tuple[str, ...] = ("gpubox",), **fields: Any) -> None:
        self.rules[name] = FirewallRule(name, sources, targets, everywhere=not targets, **fields)

    async def rule(self, place: Place, name: str) -> FirewallRule | None:
        _ = place
        self.reads += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.refuses is not None:
            raise self.refuses
        return self.rules.get(name)

    async def set_sources(self, place: Place, name: str, sources: tuple[str, ...]) -> None:
        _ = place
        self.sets.append((name, sources))
        kept = self.rules[name]
        self.rules[name] = FirewallRule(name, sources, kept.targets, kept.everywhere, kept.opens)


class Fenced:
    """A manager with a firewall before its box."""

    def __init__(self, fence: Fence, *, rule: str | None = RULE, **world: Any) -> None:
        self.world = World(fence=fence, **world)
        self.firewall = MemoryFirewall()
        self.rule = rule
        self.hurried = 0
        self._assemble()

    def _assemble(self) -> None:
        registry, clock = self.world.registry, self.world.clock
        self.fencing = Fencing(registry, self.firewall, self.rule, clock)
        self.allowing = Allowing(registry, self.rule, None, clock, self._hurry)

    def _hurry(self) -> None:
        self.hurried += 1

    async def restart(self) -> None:
        await self.world.restart()
        self._assemble()

    async def tick(self, **span: float) -> None:
        await self.world.tick(**span)
        await self.fencing.tick()

    @property
    def sources(self) -> tuple[str, ...]:
        return self.firewall.rules[RULE].sources

    @property
    def notices(self) -> list[str]:
        return [notice["title"] for notice in self.world.status["notices"]]


async def off(fence: Fence = NARROW, *sources: str, **fields: Any) -> Fenced:
    """A box that is off, with a rule that holds these sources."""
    fenced = Fenced(fence, **fields)
    fenced.firewall.add(RULE, *sources)
    await fenced.world.open()
    await fenced.tick()
    return fenced


async def on(fence: Fence = NARROW, **fields: Any) -> Fenced:
    fenced = await off(fence, **fields)
    await fenced.world.running()
    await fenced.tick()
    return fenced


class TestLettingIn:
    async def test_takes_the_visitors_own_address(self) -> None:
        fenced = await off()
        said = await fenced.allowing.allow("comfyui", VISITOR, None, NOON + HOUR)
        (allowed,) = said["allowed"]
        assert (allowed["network"], allowed["until"]) == (HOME, "2026-11-21T13:00:00Z")
        assert said["visitor"] == {"address": VISITOR, "network": HOME, "allowed": True}
        assert said["changes_at"] == "2026-11-21T13:00:00Z"
        assert fenced.hurried == 1
        assert "allowed.until" in fenced.world.journal()

    async def test_takes_an_address_that_is_sent(self) -> None:
        fenced = await off()
        said = await fenced.allowing.allow("comfyui", VISITOR, "2a02:8070:1:2::5", None)
        assert [each["network"] for each in said["allowed"]] == ["2a02:8070:1:2::/64"]
        assert said["visitor"]["allowed"] is False
        assert "allowed" in fenced.world.journal()

    async def test_says_where_it_sees_a_local_address(self) -> None:
        fenced = await off()
        with pytest.raises(LocalAddress):
            await fenced.allowing.allow("comfyui", "192.168.1.4", None, None)
        said = fenced.allowing.allowed("comfyui", "192.168.1.4")
        assert said["visitor"]["network"] is None
        assert "local_visitor" in [note["code"] for note in said["notes"]]

    @pytest.mark.parametrize("until", [NOON - HOUR, NOON, NOON + timedelta(days=400)])
    async def test_has_an_end_in_the_future_and_within_a_year(self, until: Any) -> None:
        fenced = await off()
        with pytest.raises(InvalidInput):
            await fenced.allowing.allow("comfyui", VISITOR, None, until)

    async def test_has_a_limit(self) -> None:
        fenced = await off()
        for number in range(50):
            await fenced.allowing.allow("comfyui", VISITOR, f"84.20.31.{number}", None)
        with pytest.raises(TooManyAllowed):
            await fenced.allowing.allow("comfyui", VISITOR, None, None)

    async def test_is_forgotten_by_no_restart(self) -> None:
        fenced = await off()
        await fenced.allowing.allow("comfyui", VISITOR, None, NOON + HOUR)
        await fenced.restart()
        assert [each["network"] for each in fenced.allowing.allowed("comfyui", VISITOR)["allowed"]] == [HOME]

    async def test_counts_only_once_it_is_remembered(self) -> None:
        store = FullDiskStore()
        fenced = await off(store=store)
        store.full = True
        with pytest.raises(StoreUnavailable):
            await fenced.allowing.allow("comfyui", VISITOR, None, None)
        assert fenced.allowing.allowed("comfyui", VISITOR)["allowed"] == []

    async def test_is_taken_back(self) -> None:
        fenced = await off()
        await fenced.allowing.allow("comfyui", VISITOR, None, None)
        said = await fenced.allowing.remove("comfyui", VISITOR, HOME)
        assert said["allowed"] == []
        assert said["visitor"]["allowed"] is False
        assert fenced.world.journal()[-1] == "allowed_removed"
        await fenced.allowing.remove("comfyui", VISITOR, HOME)
        assert fenced.world.journal().count("allowed_removed") == 1

    async def test_asks_for_a_box_that_is_there(self) -> None:
        fenced = await off()
        with pytest.raises(UnknownBox):
            fenced.allowing.allowed("other", VISITOR)


class TestWhatTheListSays:
    @pytest.mark.parametrize(
        ("fence", "rule", "code", "useful"),
        [
            (Fence(), None, "open", False),
            (RELAY, RULE, "relayed", False),
            (NARROW, RULE, "narrow", True),
            (NARROW, None, "narrow.gate_alone", True),
        ],
    )
    async def test_explains_who_gets_in(self, fence: Fence, rule: str | None, code: str, useful: bool) -> None:
        fenced = Fenced(fence, rule=rule)
        await fenced.world.open()
        said = fenced.allowing.allowed("comfyui", VISITOR)
        assert said["notes"][0]["code"] == code
        assert said["useful"] is useful
        assert said["everybody"] is (not fence.permanent)
        assert said["visitor"]["allowed"] is (not fence.permanent)

    async def test_says_whether_the_visitor_is_among_them(self) -> None:
        fenced = await off()
        assert [note["code"] for note in fenced.allowing.allowed("comfyui", VISITOR)["notes"]][1] == "visitor.out"
        said = await fenced.allowing.allow("comfyui", VISITOR, None, NOON + HOUR)
        assert [note["code"] for note in said["notes"]][1] == "visitor.in"
        assert fenced.allowing.allowed("comfyui", "93.184.216.9")["notes"][1]["code"] == "visitor.in"

    @pytest.mark.parametrize(("kept", "code"), [(None, "name.by_hand"), ("example-com", "name.dns")])
    async def test_explains_who_sets_the_name(self, kept: str | None, code: str) -> None:
        world = await World(fence=NARROW, domain="comfy.example.com").open()
        allowing = Allowing(world.registry, None, kept, world.clock, lambda: None)
        assert allowing.allowed("comfyui", VISITOR)["notes"][-1]["code"] == code


class TestTheRule:
    async def test_follows_who_is_let_in_and_who_is_not_any_more(self) -> None:
        fenced = await off()
        assert fenced.sources == (OFFICE,)
        await fenced.allowing.allow("comfyui", VISITOR, None, NOON + HOUR)
        await fenced.tick()
        assert fenced.sources == (HOME, OFFICE)
        await fenced.tick(minutes=61)
        assert fenced.sources == (OFFICE,)
        assert "allowed_ended" in fenced.world.journal()
        assert fenced.allowing.allowed("comfyui", VISITOR)["allowed"] == []

    async def test_is_brought_up_to_date_by_the_next_process(self) -> None:
        fenced = await off()
        await fenced.allowing.allow("comfyui", VISITOR, None, NOON + HOUR)
        await fenced.tick()
        await fenced.restart()
        await fenced.tick(hours=2)
        assert fenced.sources == (OFFICE,)

    async def test_is_not_written_where_it_holds_what_is_wanted_in_another_order(self) -> None:
        fenced = await off(Fence((OFFICE, HOME)), OFFICE, "84.20.30.40")
        assert fenced.firewall.sets == []

    async def test_is_read_seldom_while_the_box_is_off(self) -> None:
        fenced = await off()
        reads = fenced.firewall.reads
        await fenced.tick(minutes=10)
        assert fenced.firewall.reads == reads

    async def test_is_mended_within_a_minute_where_somebody_edited_it(self) -> None:
        fenced = await on()
        await fenced.tick(minutes=1)
        fenced.firewall.add(RULE, "0.0.0.0/0")
        await fenced.tick(seconds=30)
        assert fenced.sources == ("0.0.0.0/0",)
        await fenced.tick(seconds=31)
        assert fenced.sources == (OFFICE,)

    async def test_stands_open_where_nobody_in_particular_is_named(self) -> None:
        fenced = await off(Fence(), HOME)
        assert fenced.sources == ("0.0.0.0/0",)

    async def test_lets_the_manager_in_once_the_box_has_said_how_it_sees_it(self) -> None:
        fenced = await on(RELAY)
        assert fenced.sources == ("0.0.0.0/0",)
        fenced.world.live.manager_address = "35.190.1.2"
        await fenced.tick()
        assert fenced.sources == ("35.190.1.2/32",)
        await fenced.restart()
        assert fenced.world.live.contact(NOON).address == "35.190.1.2"

    async def test_opens_for_a_manager_that_has_lost_the_box_and_closes_behind_it(self) -> None:
        fenced = await on(RELAY)
        fenced.world.live.manager_address = "35.190.1.2"
        fenced.world.comfyui.away = True
        await fenced.tick(seconds=100)
        assert fenced.sources == ("35.190.1.2/32",)
        await fenced.tick(seconds=30)
        assert fenced.sources == ("0.0.0.0/0",)
        fenced.world.comfyui.away = False
        fenced.world.live.manager_address = "35.190.9.9"
        await fenced.tick(seconds=30)
        assert fenced.sources == ("35.190.9.9/32",)

    async def test_of_ipv6_is_a_second_one_where_it_is_there(self) -> None:
        fenced = await off()
        fenced.firewall.add(ipv6_rule(RULE), "::/0")
        await fenced.allowing.allow("comfyui", VISITOR, "2a02:8070:1:2::5", None)
        await fenced.tick()
        assert fenced.firewall.rules["gpubox-web-ipv6"].sources == ("2a02:8070:1:2::/64",)
        assert fenced.sources == (OFFICE,)
        await fenced.allowing.remove("comfyui", VISITOR, "2a02:8070:1:2::/64")
        await fenced.tick()
        # An empty list would be everybody to Google.
        assert fenced.firewall.rules["gpubox-web-ipv6"].sources == ("100::/128",)
        assert fenced.notices == []

    async def test_of_ipv6_is_missed_where_somebody_needs_it(self) -> None:
        fenced = await off()
        await fenced.allowing.allow("comfyui", VISITOR, "2a02:8070:1:2::5", None)
        await fenced.tick()
        assert fenced.notices == ["The firewall rule is missing."]
        assert fenced.sources == (OFFICE,)

    async def test_of_ipv6_that_is_disabled_is_left_alone_while_nobody_needs_it(self) -> None:
        fenced = await off()
        fenced.firewall.add(ipv6_rule(RULE), "::/0", opens=False)
        await fenced.allowing.allow("comfyui", VISITOR, None, None)
        await fenced.tick()
        assert fenced.notices == []
        assert fenced.firewall.rules["gpubox-web-ipv6"].sources == ("::/0",)

    async def test_is_none_of_the_managers_business_where_none_is_named(self) -> None:
        fenced = await off(rule=None)
        await fenced.allowing.allow("comfyui", VISITOR, None, NOON + HOUR)
        await fenced.tick(hours=2)
        assert fenced.firewall.reads == 0
        assert "allowed_ended" in fenced.world.journal()

    async def test_is_not_touched_before_the_box_is_seen(self) -> None:
        fenced = Fenced(NARROW)
        fenced.firewall.add()
        await fenced.world.open()
        await fenced.fencing.tick()
        assert fenced.firewall.reads == 0

    async def test_holds_what_all_boxes_behind_it_need(self) -> None:
        fenced = await off()
        other = Place(PLACE.project, PLACE.zone, "other")
        await fenced.world.store.add_box(new_box("other", other, NOON))
        fenced.world.cloud.add(other)
        await fenced.world.registry.load()
        await fenced.allowing.allow("other", VISITOR, None, None)
        await fenced.tick()
        assert fenced.sources == (HOME, OFFICE)

    async def test_waits_for_no_box_that_is_not_there(self) -> None:
        fenced = await off()
        gone = Place(PLACE.project, PLACE.zone, "gone")
        await fenced.world.store.add_box(new_box("gone", gone, NOON))
        await fenced.world.registry.load()
        await fenced.allowing.allow("gone", VISITOR, None, None)
        await fenced.tick()
        assert fenced.sources == (HOME, OFFICE)


class TestARuleThatIsNotOurs:
    @pytest.mark.parametrize(
        ("targets", "fields", "title"),
        [
            (("gpubox",), {"opens": False}, "The firewall rule lets nobody in."),
            (("gpubox", "web"), {}, "The firewall rule is for other machines too."),
            ((), {}, "The firewall rule is for other machines too."),
        ],
    )
    async def test_is_told_and_not_touched(self, targets: tuple[str, ...], fields: dict[str, Any], title: str) -> None:
        fenced = Fenced(NARROW)
        fenced.firewall.add(RULE, HOME, targets=targets, **fields)
        await fenced.world.open()
        await fenced.tick()
        assert fenced.notices == [title]
        assert fenced.firewall.sets == []

    async def test_is_tried_again_once_it_was_mended(self) -> None:
        fenced = await off()
        del fenced.firewall.rules[RULE]
        await fenced.allowing.allow("comfyui", VISITOR, None, None)
        await fenced.tick()
        assert fenced.notices == ["The firewall rule is missing."]
        reads = fenced.firewall.reads
        await fenced.tick(seconds=5)
        assert fenced.firewall.reads == reads
        fenced.firewall.add()
        await fenced.tick(seconds=20)
        assert fenced.notices == []
        assert fenced.sources == (HOME, OFFICE)
        assert fenced.allowing.allowed("comfyui", VISITOR)["problem"] is None


class TestATroubledCloud:
    async def test_is_told_and_asked_again(self) -> None:
        fenced = await off()
        fenced.firewall.refuses = CloudUnreachable(endpoint="http://127.0.0.1:1", detail="connection refused")
        await fenced.allowing.allow("comfyui", VISITOR, None, None)
        await fenced.tick()
        assert fenced.notices == ["Google cannot be reached."]
        assert fenced.allowing.allowed("comfyui", VISITOR)["problem"]["code"] == CloudUnreachable.code
        fenced.firewall.refuses = None
        await fenced.tick(seconds=20)
        assert fenced.notices == []
        assert fenced.sources == (HOME, OFFICE)

    async def test_keeps_nobody_else_from_working(self) -> None:
        fenced = await off()
        fenced.firewall.refuses = ValueError("what nobody thought of")
        await fenced.allowing.allow("comfyui", VISITOR, None, None)
        await fenced.tick()
        fenced.firewall.refuses = None
        await fenced.tick(seconds=20)
        assert fenced.sources == (HOME, OFFICE)

    async def test_that_is_slow_is_asked_once_at_a_time(self) -> None:
        fenced = await off()
        await fenced.allowing.allow("comfyui", VISITOR, None, None)
        fenced.firewall.meanwhile = fenced.fencing.tick
        reads = fenced.firewall.reads
        await fenced.tick()
        assert fenced.firewall.reads == reads + 2
        assert fenced.firewall.sets == [(RULE, (OFFICE,)), (RULE, (HOME, OFFICE))]

    async def test_is_a_kind_of_trouble_that_all_its_errors_are(self) -> None:
        assert issubclass(CloudUnreachable, CloudError)


def test_the_name_of_the_second_rule_is_one_that_google_allows() -> None:
    assert ipv6_rule("gpubox-web") == "gpubox-web-ipv6"
    assert len(ipv6_rule("a" * 63)) == 63
