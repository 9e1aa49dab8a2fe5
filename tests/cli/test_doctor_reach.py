"""The doctor looks at the name server and at the firewall rule."""

from pathlib import Path
from typing import Any

import pytest

from manager.adapters.dns import CloudDns
from manager.application.outside import FirewallRule
from manager.cli.checks import reach
from manager.cli.checks.finding import State
from manager.domain.box import Place
from manager.domain.errors import PermissionMissing
from manager.settings import Settings
from tests.adapters.dns.servers import CloudDnsServer
from tests.adapters.gce.stub import refusal
from tests.support.factories import seen

PLACE = Place("studio", "us-central1-a", "comfyui")
NAME = "comfy.example.com"


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(_env_file=None, state_dir=folder, **more)  # pyright: ignore[reportCallIssue]


class OneRule:
    """A firewall with one rule, or none, or one that may not be read."""

    def __init__(self, rule: FirewallRule | None, refuses: Exception | None = None) -> None:
        self._rule, self._refuses = rule, refuses

    async def rule(self, place: Place, name: str) -> FirewallRule | None:
        _ = (place, name)
        if self._refuses is not None:
            raise self._refuses
        return self._rule

    async def set_sources(self, place: Place, name: str, sources: tuple[str, ...]) -> None:
        raise AssertionError(f"the doctor changes nothing: {place} {name} {sources}")


@pytest.mark.parametrize("more", [{}, {"comfyui_domain": NAME, "cf_tunnel_token_path": "gs://bucket/token"}])
async def test_where_there_is_nothing_to_name_nothing_is_looked_at(tmp_path: Path, more: dict[str, str]) -> None:
    assert (await reach.name_server(settings(tmp_path, **more), None)).state is State.SKIPPED


async def test_a_name_that_is_set_by_hand_is_told_with_the_price_of_a_fixed_address(tmp_path: Path) -> None:
    finding = await reach.name_server(settings(tmp_path, comfyui_domain=NAME), None)
    assert finding.state is State.NOTE
    assert "$7 a month" in finding.remedy


async def test_a_zone_that_can_be_read_is_well(tmp_path: Path) -> None:
    with CloudDnsServer() as server:
        dns = CloudDns("studio", "example-com", endpoint=server.endpoint)
        named = settings(tmp_path, comfyui_domain=NAME)
        assert "next start" in (await reach.name_server(named, dns)).text
        server.put("A", "34.1.1.1")
        finding = await reach.name_server(named, dns)
    assert finding.state is State.OK
    assert "34.1.1.1" in finding.text


async def test_a_zone_that_cannot_be_read_is_told_with_what_to_do(tmp_path: Path) -> None:
    with CloudDnsServer() as server:
        server.refuses = refusal(403, "forbidden", "Forbidden")
        dns = CloudDns("studio", "example-com", endpoint=server.endpoint)
        finding = await reach.name_server(settings(tmp_path, comfyui_domain=NAME), dns)
    assert finding.state is State.WRONG
    assert "docs/gcp.md" in finding.remedy


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        (FirewallRule("gpubox-web", ("84.20.30.40/32",), ("gpubox",)), State.OK),
        (FirewallRule("gpubox-web", (), ("gpubox", "web")), State.WRONG),
        (FirewallRule("gpubox-web", (), ("gpubox",), opens=False), State.WRONG),
        (None, State.WRONG),
    ],
)
async def test_a_rule_has_to_be_the_boxs_own(tmp_path: Path, rule: FirewallRule | None, state: State) -> None:
    named = settings(tmp_path, firewall_rule="gpubox-web")
    box = seen("RUNNING", tags=("gpubox",))
    finding = await reach.firewall_rule(named, OneRule(rule), PLACE, box)
    assert finding.state is state
    assert bool(finding.remedy) is (state is State.WRONG)


async def test_a_rule_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    refuses = PermissionMissing(permission="compute.firewalls.get", resource="projects/studio")
    named = settings(tmp_path, firewall_rule="gpubox-web")
    finding = await reach.firewall_rule(named, OneRule(None, refuses), PLACE, seen("RUNNING"))
    assert (finding.state, "compute.firewalls.get" in finding.text) == (State.WRONG, True)


async def test_without_a_rule_the_gate_is_what_protects(tmp_path: Path) -> None:
    finding = await reach.firewall_rule(settings(tmp_path), OneRule(None), PLACE, seen("RUNNING"))
    assert (finding.state, "gate" in finding.text) == (State.SKIPPED, True)
