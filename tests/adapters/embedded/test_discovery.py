"""The judge itself: it accepts what is Google's, and complains about everything else."""

from collections.abc import Callable

import httpx
import pytest

from manager.adapters.embedded.methods import METHODS
from manager.adapters.embedded.thread import CloudThread
from tests.adapters.embedded.conftest import PROJECT, ZONE, Caller, box
from tests.adapters.embedded.discovery import Discovery
from tests.adapters.embedded.judge import Judge

_ONE = f"projects/{PROJECT}/zones/{ZONE}/instances/gpubox"


def test_every_method_that_is_served_is_one_of_googles_with_the_same_verb_and_path(discovery: Discovery) -> None:
    for method in METHODS:
        filled = method.path.replace("{project}", PROJECT)
        for name in ("zone", "region", "instance", "operation", "disk", "snapshot", "firewall", "address"):
            filled = filled.replace(f"{{{name}}}", "a1")
        for name in ("machineType", "acceleratorType", "diskType", "image", "family", "network", "subnetwork"):
            filled = filled.replace(f"{{{name}}}", "a1")
        found = discovery.method(method.verb, f"projects/{filled}")
        assert found is not None, method
        assert found["id"] == f"compute.{method.id}"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"status": "RUNNING", "colour": "red"}, "unknown field colour"),
        ({"status": "AWAKE"}, "none of"),
        ({"name": 7}, "no string"),
        ({"id": 7}, "no string"),
        ({"id": "seven"}, "no uint64"),
        ({"deletionProtection": "true"}, "no boolean"),
        ({"disks": {}}, "no array"),
        ({"scheduling": {"minNodeCpus": True}}, "no integer"),
        ({"disks": [{"boot": True}, {"bot": True}]}, "disks[1]: unknown field bot"),
        ({"metadata": {"items": [{"key": "a b", "value": ""}]}}, "does not match"),
    ],
)
def test_a_wrong_response_is_complained_about(discovery: Discovery, body: object, complaint: str) -> None:
    wrong = discovery.response("GET", _ONE, 200, body)
    assert any(complaint in told for told in wrong), wrong


def test_an_error_that_is_not_googles_is_complained_about(discovery: Discovery) -> None:
    assert discovery.response("GET", _ONE, 404, {"detail": "Not Found"})
    assert discovery.response("GET", _ONE, 404, {"error": {"code": 404, "message": "x", "errors": [{}]}})


def test_a_wrong_request_is_complained_about(discovery: Discovery) -> None:
    assert discovery.request("POST", f"{_ONE}/start", "requestID=1", None)
    assert discovery.request("POST", f"{_ONE}/wake", "", None)
    assert discovery.request("PUT", f"{_ONE}/start", "", None)
    assert discovery.request("POST", f"{_ONE}/setMetadata", "", {"entries": []})
    assert discovery.request("GET", f"projects/{PROJECT}/zones/{ZONE}/instances", "maxResults=many", None)
    assert not discovery.request("GET", f"projects/{PROJECT}/zones/{ZONE}/instances", "maxResults=3", None)


def test_traffic_is_really_judged(serve: Callable[..., CloudThread], judge: Judge) -> None:
    served = serve()
    with httpx.Client(base_url=served.endpoint, trust_env=False) as http:
        http.get("/compute/v1/projects/p1", params={"colour": "red"})
    served.__exit__(None, None, None)  # the last answer is judged after it has been sent
    assert judge.seen == ["GET projects/p1"]
    assert judge.complaints
    judge.complaints.clear()


def test_a_box_with_everything_on_is_written_as_google_writes_it(call: Caller, served: CloudThread) -> None:
    limited = {"maxRunDuration": {"seconds": "3600"}, "instanceTerminationAction": "STOP"}
    scheduling = box()["scheduling"] | limited
    assert call.insert(scheduling=scheduling, labels={"a": "b"}, tags={"items": ["gpubox"]}).status_code == 200
    served.cloud.advance(30)
    assert call.instance()["resourceStatus"]["scheduling"]["terminationTimestamp"]
