"""Only programs on this computer come in, and whoever asks for what is not there gets Google's error."""

from pathlib import Path

import pytest

from manager.adapters.embedded.doors import is_loopback
from manager.adapters.embedded.residence import Residence, StateInUseError
from manager.adapters.embedded.thread import CloudThread
from tests.adapters.embedded.conftest import Caller


@pytest.mark.parametrize("host", ["127.0.0.1:80", "127.0.0.1", "localhost:1", "[::1]:8080", "127.9.9.9:1"])
def test_loopback_names_are_let_in(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "evil.example", "evil.example:80", "127.0.0.1.evil.example", "192.0.2.1:80"])
def test_other_names_are_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", ["/_gpubox/ledger", "/compute/v1/projects/p1"])
def test_a_web_page_is_refused(call: Caller, headers: dict[str, str], path: str) -> None:
    assert call.http.get(path, headers=headers).status_code == 403


_BATCH = """--b\r
Content-Type: application/http\r
Content-ID: <one>\r
\r
GET /compute/v1/projects/p1/zones/us-west1-b HTTP/1.1\r
\r
--b\r
Content-Type: application/http\r
Content-ID: <two>\r
\r
GET /compute/v1/projects/p1/zones/mars-1-a HTTP/1.1\r
\r
--b--\r
"""


def test_a_batch_is_answered_part_by_part_through_the_same_doors(call: Caller) -> None:
    kind = {"content-type": "multipart/mixed; boundary=b"}
    answer = call.http.post("/batch/compute/v1", content=_BATCH, headers=kind).text
    assert answer.index("<response-one>") < answer.index("HTTP/1.1 200") < answer.index("<response-two>")
    assert "HTTP/1.1 404" in answer
    foreign = call.http.post("/batch/compute/v1", content=_BATCH, headers=kind | {"origin": "https://evil.example"})
    assert "HTTP/1.1 200" not in foreign.text
    assert call.http.post("/batch/compute/v1", content="nothing").status_code == 400


def test_an_unknown_path_is_a_404_of_googles(call: Caller) -> None:
    assert call.http.get("/compute/v1/nowhere").json()["error"]["errors"][0]["reason"] == "notFound"
    assert call.http.post("/compute/v1/projects/p1/zones").status_code in {404, 405}


def test_a_body_that_is_no_json_is_a_400(call: Caller) -> None:
    for content in (b"{", b"[]"):
        answer = call.http.post(f"{call.zone}/instances", content=content)
        assert answer.json()["error"]["errors"][0]["reason"] == "parseError"


def test_an_admin_call_that_makes_no_sense_is_a_400(call: Caller) -> None:
    call.insert()
    assert call.http.post("/_gpubox/machines/gpubox", json={"action": "dance"}).status_code == 400
    assert call.http.post("/_gpubox/machines/gpubox", json={"action": "poweroff"}).status_code == 400
    assert call.http.post("/_gpubox/machines/nobody", json={"action": "poweroff"}).status_code == 404
    assert call.http.post("/_gpubox/clock", json={"advance": -1}).status_code == 400
    assert call.http.post("/_gpubox/clock", json={}).status_code == 400
    assert call.http.delete("/_gpubox/faults/7").status_code == 404


def test_time_can_be_made_to_pass(call: Caller) -> None:
    call.insert()
    assert call.admin("POST", "clock", {"advance": 30})["now"] == "2026-11-21T04:00:30.000-08:00"
    assert call.admin("GET", "clock")["now"] == "2026-11-21T04:00:30.000-08:00"
    assert call.status() == "RUNNING"


def test_a_state_folder_is_served_once(served: CloudThread, tmp_path: Path) -> None:
    assert served.endpoint
    with pytest.raises(StateInUseError), Residence(tmp_path / "cloud", patience=0.1):
        pass


def test_a_port_that_is_taken_is_replaced_unless_it_was_asked_for(tmp_path: Path) -> None:
    with Residence(tmp_path) as home, home.listener(None) as first, home.listener(None) as second:
        port = first.getsockname()[1]
        assert second.getsockname()[1] != port
        with pytest.raises(OSError, match="in use"):
            home.listener(port)
