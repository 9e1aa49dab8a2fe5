"""The firewall rule that follows who is let in."""

from manager.application.boxes import new_box
from manager.domain.allowing import Fence
from manager.domain.box import Place
from tests.application.fenced import HOME, HOUR, NARROW, OFFICE, RELAY, RULE, VISITOR, Fenced, off, on
from tests.support.clock import NOON
from tests.support.factories import PLACE


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
