"""A firewall rule that cannot be written, or may not."""

from typing import Any

import pytest

from manager.domain.errors import CloudError, CloudUnreachable
from tests.application.fenced import HOME, NARROW, OFFICE, RULE, VISITOR, Fenced, off


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
