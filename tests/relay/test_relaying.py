"""How the relay is put together: when there is one, where it is, and which boxes it finds."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from manager.adapters.passes import Passes
from manager.application.entrance import Entrance, entrance_of
from manager.application.registry import Registry
from manager.domain.errors import NotAuthenticated, UnknownBox
from manager.relay import Target
from manager.relaying import relay_url, relay_wanted, targets, tickets
from manager.settings import Settings
from tests.support.process import PanelProcess

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
SAID = {"entrance": json.dumps({"way": "relay", "url": None, "certificate": PEM, "sha256": "", "problem": None})}


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"cloud": "embedded"}, False),
        ({"cloud": "embedded", "embedded_machine": "container"}, True),
        ({"cloud": "gce", "gcp_project": "studio-123", "gce_zone": "us-central1-a", "gce_instance": "box"}, True),
        ({"cloud": "embedded", "gce_api_endpoint": "http://127.0.0.1:9000"}, True),
        ({"cloud": "embedded", "embedded_machine": "container", "comfyui_url": "http://127.0.0.1:8188"}, False),
    ],
)
def test_there_is_a_relay_where_boxes_have_a_gate(values: dict[str, Any], wanted: bool) -> None:
    assert relay_wanted(settings(**values)) is wanted


@pytest.mark.parametrize(
    ("panel", "port", "said", "url"),
    [
        ("http://127.0.0.1:8187", 8186, None, "http://127.0.0.1:8186"),
        ("https://panel.example.com", 8186, None, "https://panel.example.com:8186"),
        ("https://panel.example.com:8443", 443, None, "https://panel.example.com"),
        ("http://[::1]:8187", 8186, None, "http://[::1]:8186"),
        ("https://panel.example.com", 8186, "https://comfy.example.com/", "https://comfy.example.com"),
    ],
)
def test_browsers_find_it_at_the_panels_host_or_where_it_is_said(
    panel: str, port: int, said: str | None, url: str
) -> None:
    assert relay_url(settings(relay_url=said), panel, port) == url


@dataclass
class Seen:
    status: str


@dataclass
class Live:
    """As much of a box in memory as the relay looks at."""

    seen: Seen | None
    guest: Mapping[str, str]
    ip: str | None = "203.0.113.9"
    domain: str | None = None

    def entrance(self, _: Any) -> Entrance:
        return entrance_of(box="box", ip=self.ip, guest=self.guest, domain=self.domain, relay_url="http://relay")


class OneBox:
    """A registry of one box."""

    rules = None

    def __init__(self, live: Live) -> None:
        self.live = live

    def get(self, name: str) -> Live:
        if name != "box":
            raise UnknownBox(name=name)
        return self.live


def target_of(live: Live, name: str = "box") -> Target | None:
    return targets(cast("Registry", OneBox(live)), lambda box: f"bearer for {box}")(name)


def test_a_box_that_runs_and_has_said_its_certificate_is_found_at_its_address() -> None:
    found = target_of(Live(Seen("RUNNING"), SAID))
    assert found == Target("https://203.0.113.9", PEM, "bearer for box")


def test_a_box_with_a_domain_is_found_by_its_name_and_by_what_the_authorities_say() -> None:
    said = {"entrance": json.dumps({"way": "letsencrypt", "url": "https://comfy.example.com", "certificate": None})}
    found = target_of(Live(Seen("RUNNING"), said, domain="comfy.example.com"))
    assert found == Target("https://comfy.example.com", None, "bearer for box")


@pytest.mark.parametrize(
    "live",
    [
        Live(Seen("TERMINATED"), SAID),
        Live(Seen("STOPPING"), SAID),
        Live(None, SAID),
        Live(Seen("RUNNING"), {}),
        Live(Seen("RUNNING"), {"comfyui-port": "8188"}),
        Live(Seen("RUNNING"), SAID, ip=None),
        Live(Seen("RUNNING"), {"entrance": '{"way": "relay", "certificate": null}'}),
    ],
)
def test_no_other_box_is(live: Live) -> None:
    assert target_of(live) is None


def test_nor_is_one_that_is_not_known() -> None:
    assert target_of(Live(Seen("RUNNING"), SAID), "another") is None


def test_a_ticket_is_read_for_whichever_box_it_was_made() -> None:
    passes = Passes(bytes(32))
    token = passes.ticket("second", "s1", NOW + timedelta(hours=8), NOW)
    ticket = tickets(passes, lambda: ["first", "second"], lambda: NOW)(token)
    assert (ticket.box, ticket.session, ticket.session_ends) == ("second", "s1", NOW + timedelta(hours=8))
    assert (ticket.issued_at, ticket.expires_at) == (NOW, NOW + timedelta(seconds=60))


@pytest.mark.parametrize(("boxes", "later", "why"), [(["first"], 0, "invalid"), (["first", "second"], 61, "expired")])
def test_why_a_ticket_is_not_taken(boxes: list[str], later: int, why: str) -> None:
    passes = Passes(bytes(32))
    token = passes.ticket("second", "s1", NOW + timedelta(hours=8), NOW)
    with pytest.raises(NotAuthenticated) as refused:
        tickets(passes, lambda: boxes, lambda: NOW + timedelta(seconds=later))(token)
    assert refused.value.data["why"] == why


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path) -> None:
    google = {"CLOUD": "gce", "GCP_PROJECT": "studio-123", "GCE_ZONE": "us-central1-a", "GCE_INSTANCE": "box"}
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with PanelProcess(tmp_path / "state", **google, RELAY_PORT=str(port)) as panel:
            assert panel.wait() == 1
    assert panel.output == (
        f"gpubox: cannot listen on 127.0.0.1 port {port} for ComfyUI: Address already in use. "
        "Choose another with RELAY_PORT.\n"
    )
