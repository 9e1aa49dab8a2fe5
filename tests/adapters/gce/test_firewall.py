"""The firewall rule through Google's client: against the embedded Compute Engine, and odd answers of a stub."""

from typing import Any

import httpx
import pytest

from manager.adapters.embedded.thread import CloudThread
from manager.adapters.gce import GceCloud, GceFirewall
from manager.application.outside import FirewallRule
from manager.domain.box import Place
from manager.domain.errors import CloudRefused, CloudUnreachable, NoSuchResource, PermissionMissing
from tests.adapters.gce.stub import Answer, Stub, refusal

RULE = "gpubox-web"
HOME = "84.20.30.40/32"


def made(served: CloudThread, **fields: Any) -> None:
    body = {
        "name": RULE,
        "description": "by hand",
        "priority": 900,
        "allowed": [{"IPProtocol": "tcp", "ports": ["80", "443"]}],
        "targetTags": ["gpubox"],
        "sourceRanges": [HOME],
    } | fields
    httpx.post(f"{served.endpoint}/compute/v1/projects/studio/global/firewalls", json=body).raise_for_status()


def stored(served: CloudThread, name: str = RULE) -> dict[str, Any]:
    return httpx.get(f"{served.endpoint}/compute/v1/projects/studio/global/firewalls/{name}").json()


class TestAgainstTheEmbeddedCloud:
    @pytest.fixture
    def firewall(self, embedded: GceCloud) -> GceFirewall:
        return GceFirewall(embedded.calls)

    async def test_a_rule_is_read(self, firewall: GceFirewall, served: CloudThread, place: Place) -> None:
        made(served)
        assert await firewall.rule(place, RULE) == FirewallRule(RULE, (HOME,), ("gpubox",))

    async def test_a_rule_that_is_not_there_is_none(
        self, firewall: GceFirewall, served: CloudThread, place: Place
    ) -> None:
        _ = served
        assert await firewall.rule(place, RULE) is None

    @pytest.mark.parametrize(
        "fields",
        [
            {"disabled": True},
            {"direction": "EGRESS", "sourceRanges": None},
            {"allowed": None, "denied": [{"IPProtocol": "all"}]},
        ],
    )
    async def test_a_rule_that_opens_nothing_is_told_apart(
        self, firewall: GceFirewall, served: CloudThread, place: Place, fields: dict[str, Any]
    ) -> None:
        made(served, **fields)
        rule = await firewall.rule(place, RULE)
        assert rule is not None
        assert not rule.opens

    async def test_a_rule_without_a_tag_is_for_every_machine(
        self, firewall: GceFirewall, served: CloudThread, place: Place
    ) -> None:
        made(served, targetTags=None)
        rule = await firewall.rule(place, RULE)
        assert rule is not None
        assert rule.everywhere

    async def test_only_the_sources_are_replaced(
        self, firewall: GceFirewall, served: CloudThread, place: Place
    ) -> None:
        made(served)
        before = stored(served)
        await firewall.set_sources(place, RULE, ("84.20.30.0/24", "93.184.216.34/32"))
        assert stored(served) == before | {"sourceRanges": ["84.20.30.0/24", "93.184.216.34/32"]}

    async def test_two_families_in_one_rule_are_refused(
        self, firewall: GceFirewall, served: CloudThread, place: Place
    ) -> None:
        made(served)
        with pytest.raises(CloudRefused):
            await firewall.set_sources(place, RULE, (HOME, "2a02::/32"))
        assert stored(served)["sourceRanges"] == [HOME]


class TestAgainstOddAnswers:
    @pytest.fixture
    def firewall(self, google: GceCloud) -> GceFirewall:
        return GceFirewall(google.calls)

    async def test_nothing_but_the_sources_goes_out_with_the_patch(
        self, firewall: GceFirewall, stub: Stub, place: Place
    ) -> None:
        stub.on("/firewalls/gpubox-web", Answer({"name": "operation-1", "status": "RUNNING"}))
        stub.on("/operations/operation-1/wait", Answer({"name": "operation-1", "status": "DONE"}))
        await firewall.set_sources(place, RULE, (HOME,))
        (patch,) = stub.asked_for("/firewalls/gpubox-web")
        assert (patch.verb, patch.body) == ("PATCH", {"sourceRanges": [HOME]})
        assert patch.query["requestId"]
        (wait,) = stub.asked_for("/wait")
        assert wait.path == "/compute/v1/projects/studio/global/operations/operation-1/wait"

    async def test_an_operation_that_fails_is_told(self, firewall: GceFirewall, stub: Stub, place: Place) -> None:
        error = {"errors": [{"code": "INVALID_USAGE", "message": "no"}]}
        stub.on("/firewalls/gpubox-web", Answer({"name": "operation-1", "status": "DONE", "error": error}))
        with pytest.raises(CloudRefused):
            await firewall.set_sources(place, RULE, (HOME,))

    async def test_a_missing_right_is_named(self, firewall: GceFirewall, stub: Stub, place: Place) -> None:
        said = "Required 'compute.firewalls.get' permission for 'projects/studio/global/firewalls/gpubox-web'"
        stub.on("/firewalls/gpubox-web", refusal(403, "forbidden", said))
        with pytest.raises(PermissionMissing) as caught:
            await firewall.rule(place, RULE)
        assert caught.value.data["permission"] == "compute.firewalls.get"

    async def test_a_project_that_is_not_there_is_not_taken_for_a_missing_rule(
        self, firewall: GceFirewall, stub: Stub, place: Place
    ) -> None:
        stub.on("/firewalls/gpubox-web", refusal(404, "notFound", "Failed to find project studio"))
        with pytest.raises(NoSuchResource):
            await firewall.rule(place, RULE)

    async def test_silence_is_told_as_such(self, stub: Stub, hasty: GceCloud, place: Place) -> None:
        stub.on("/firewalls/gpubox-web", Answer(drop=True))
        with pytest.raises(CloudUnreachable):
            await GceFirewall(hasty.calls).rule(place, RULE)
