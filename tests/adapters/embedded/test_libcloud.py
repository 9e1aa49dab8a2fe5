"""Apache Libcloud's GCE driver, which knows nothing of gpubox, works with boxes on the embedded cloud."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from libcloud.compute.drivers.gce import GCEConnection, GCENodeDriver, GCEResponse
from libcloud.compute.types import NodeState

from manager.adapters.embedded.thread import CloudThread
from tests.adapters.embedded.conftest import PROJECT, ZONE, Caller


class LoopbackResponse(GCEResponse):
    """Libcloud knows a link by its https, and strips the host before it follows one."""

    def parse_body(self) -> Any:
        self.body = self.body.replace("http://", "https://")
        return super().parse_body()


class LoopbackConnection(GCEConnection):
    host = "127.0.0.1"
    responseCls = LoopbackResponse  # noqa: N815 - Libcloud's name
    poll_interval = 0.01
    served_at = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """The driver hands no host and port on."""
        super().__init__(*arguments, **options)
        self.port = self.served_at


class LoopbackDriver(GCENodeDriver):
    connectionCls = LoopbackConnection  # noqa: N815 - Libcloud's name


@pytest.fixture
def driver(serve: Callable[..., CloudThread], tmp_path: Path) -> Iterator[LoopbackDriver]:
    LoopbackConnection.served_at = urlsplit(serve(speed=0).endpoint).port or 0
    token = tmp_path / "token"
    token.write_text(json.dumps({"access_token": "none", "expire_time": "2099-01-01T00:00:00Z"}))
    driver = LoopbackDriver(
        "someone@example.invalid",
        "key",
        project=PROJECT,
        datacenter=ZONE,
        auth_type="IA",
        credential_file=str(token),
        secure=False,
    )
    yield driver
    driver.connection.connection.session.close()


def test_libcloud_lists_stops_and_starts_a_box(driver: LoopbackDriver) -> None:
    caller = Caller(f"http://127.0.0.1:{driver.connection.port}")
    caller.insert()
    (node,) = driver.list_nodes()
    assert node.state == NodeState.RUNNING
    assert node.public_ips[0].startswith("127.")

    assert driver.ex_stop_node(node)
    assert driver.ex_get_node("gpubox").state == NodeState.STOPPED
    assert caller.status() == "TERMINATED"

    assert driver.ex_start_node(node)
    assert driver.ex_get_node("gpubox").state == NodeState.RUNNING
    caller.http.close()


def test_libcloud_finds_sizes_disks_and_creates_a_firewall_rule(driver: LoopbackDriver) -> None:
    assert "n1-standard-4" in {size.name for size in driver.list_sizes()}
    volume = driver.create_volume(20, "gpubox-data")
    assert driver.ex_get_volume("gpubox-data").size == volume.size == "20"
    rule = driver.ex_create_firewall(
        "gpubox", [{"IPProtocol": "tcp", "ports": ["443"]}], source_ranges=["192.0.2.7/32"]
    )
    assert rule.source_ranges == ["192.0.2.7/32"]
