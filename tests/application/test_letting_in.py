"""Letting addresses in, and what the list of them says."""

from datetime import timedelta
from typing import Any

import pytest

from manager.application.allowing import Allowing
from manager.domain.allowing import Fence
from manager.domain.errors import InvalidInput, LocalAddress, StoreUnavailable, TooManyAllowed, UnknownBox
from tests.application.fenced import HOME, HOUR, NARROW, RELAY, RULE, VISITOR, Fenced, off
from tests.support.clock import NOON
from tests.support.fakes import FullDiskStore
from tests.support.world import World


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
