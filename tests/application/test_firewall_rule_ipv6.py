"""The second rule, for IPv6: Google keeps the two families apart."""

from manager.application.fencing import ipv6_rule
from tests.application.fenced import OFFICE, RULE, VISITOR, off


class TestTheRuleOfIpv6:
    async def test_is_a_second_one_where_it_is_there(self) -> None:
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

    async def test_is_missed_where_somebody_needs_it(self) -> None:
        fenced = await off()
        await fenced.allowing.allow("comfyui", VISITOR, "2a02:8070:1:2::5", None)
        await fenced.tick()
        assert fenced.notices == ["The firewall rule is missing."]
        assert fenced.sources == (OFFICE,)

    async def test_that_is_disabled_is_left_alone_while_nobody_needs_it(self) -> None:
        fenced = await off()
        fenced.firewall.add(ipv6_rule(RULE), "::/0", opens=False)
        await fenced.allowing.allow("comfyui", VISITOR, None, None)
        await fenced.tick()
        assert fenced.notices == []
        assert fenced.firewall.rules["gpubox-web-ipv6"].sources == ("::/0",)


def test_the_name_of_the_second_rule_is_one_that_google_allows() -> None:
    assert ipv6_rule("gpubox-web") == "gpubox-web-ipv6"
    assert len(ipv6_rule("a" * 63)) == 63
