"""Which name the box answers to, and which addresses it lets in."""

import socket
from collections.abc import Callable

import pytest
from box import Box
from under_a_domain import NAMED, ORIGIN, behind_a_domain
from world import World


def test_under_its_bare_address_the_box_answers_the_manager_only(box: Box) -> None:
    with box.client() as client:
        assert client.get("/_gpubox/health").status_code == 204
        assert box.speak(client).status_code == 200
        assert client.get("/", headers=box.bearer()).status_code == 421
        assert client.get("/_gpubox/enter").status_code == 421


def test_plain_http_leads_to_https_and_never_to_comfyui(box: Box) -> None:
    with box.client(base=f"http://127.0.0.1:{box.http_port}", headers=NAMED) as client:
        answer = client.get("/a%2Fb?c=d", headers=box.bearer())
        assert (answer.status_code, answer.headers["Location"]) == (308, f"{ORIGIN}:{box.https_port}/a%2Fb?c=d")
        answer = client.get("/", headers={"Host": "elsewhere.example"})
        assert answer.headers["Location"].startswith(ORIGIN)


def test_an_address_off_the_list_is_let_in_when_the_manager_says_so(make_box: Callable[..., Box]) -> None:
    box = make_box(allowed_ip="203.0.113.7, 2001:db8::/32")
    box.apply()
    box.open_gate()
    with box.client(headers=box.bearer("manager"), source="127.0.0.9") as program, box.client() as manager:
        assert program.get("/system_stats").status_code in (401, 403)
        assert box.speak(manager, allowed=["203.0.113.7/32"]).status_code == 200
        assert manager.get("/system_stats", headers=box.bearer("manager")).status_code == 200
    geo = (box.folder / "etc" / "nginx" / "addresses.conf").read_text()
    assert "203.0.113.7/32 1;" in geo
    assert "2001:db8::/32 1;" in geo
    assert "default 0;" in geo


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this computer has no IPv6")
def test_a_list_of_ipv6_networks_lets_those_in_and_nobody_else(make_box: Callable[..., Box], world: World) -> None:
    box = behind_a_domain(lambda **settings: make_box(allowed_ip="::1/128", **settings), world)
    with box.client(headers=NAMED) as manager:
        assert box.speak(manager, allowed=["::1/128"]).status_code == 200
    with box.client(source="127.0.0.9", headers=NAMED | box.bearer()) as stranger:
        assert stranger.get("/system_stats").status_code == 403
    six = f"https://[::1]:{box.https_port}"
    with box.client(base=six, headers=NAMED | box.bearer()) as program:
        assert program.get("/system_stats").status_code == 200
