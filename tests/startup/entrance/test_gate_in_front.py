"""nginx and the gate together, under a domain: who passes, and that nothing gets around."""

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from box import DOMAIN, PANEL, SESSION, Box, wait_until
from certificates import origin_pair
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect
from world import World

ORIGIN = f"https://{DOMAIN}"


def behind_a_domain(make: Callable[..., Box], world: World, **environment: str) -> Box:
    world.objects["keys/cert.pem"], world.objects["keys/key.pem"] = origin_pair(DOMAIN)
    keys = {"cf_cert_path": "gs://keys/cert.pem", "cf_key_path": "gs://keys/key.pem"}
    box = make(gpubox_entrance="domain", domain_name=DOMAIN, **keys)
    told = box.apply(**environment)
    assert told["problem"] is None, box.said
    return box.open_gate()


@pytest.fixture(scope="module")
def box(comfyui: int) -> Iterator[Box]:
    """One for all: nothing here changes it, but for who has a session."""
    with World() as world, ExitStack() as stack:
        yield behind_a_domain(lambda **settings: stack.enter_context(Box(world, comfyui, **settings)), world)


@pytest.fixture
def visitor(box: Box) -> Iterator[httpx.Client]:
    """Somebody who has come in through the panel."""
    with box.client(headers={"Host": DOMAIN}) as client:
        assert box.speak(client).status_code == 200
        entered = client.post("/_gpubox/enter", json={"ticket": box.ticket()}, headers={"Origin": ORIGIN})
        assert entered.status_code == 204, entered.text
        client.headers["Cookie"] = entered.headers["Set-Cookie"].partition(";")[0]
        yield client


def test_a_ticket_opens_comfyui_and_works_once(box: Box, visitor: httpx.Client) -> None:
    assert visitor.get("/system_stats").status_code == 200
    ticket = box.ticket()
    codes = [visitor.post("/_gpubox/enter", json={"ticket": ticket}).status_code for _ in range(2)]
    assert codes == [204, 401]


def test_without_a_pass_a_page_says_where_to_get_one(box: Box) -> None:
    with box.client(headers={"Host": DOMAIN}) as stranger:
        answer = stranger.get("/")
    assert answer.status_code == 401
    assert PANEL in answer.text
    assert f"frame-ancestors {PANEL}" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Server-Timing"] == 'gate;desc="missing"'


PATHS = [
    "/",
    "//",
    "/system_stats",
    "//system_stats",
    "/./system_stats",
    "/%2e/system_stats",
    "/_gpubox/../system_stats",
    "/_gpubox/%2e%2e/system_stats",
    "/_gpubox/..%2fsystem_stats",
    "/_gpubox%2f..%2fsystem_stats",
    "/_gpubox/health/../../system_stats",
    "/_gpubox/health%2f..%2f..%2fsystem_stats",
    "/_gpubox/health/",
    "/_gpubox/health;/system_stats",
    "/_gpubox/health%00/system_stats",
    "/_gpubox/enter/../../system_stats",
    "//_gpubox/..//system_stats",
    "/_GPUBOX/health",
    "/_gpubox./health",
    "/_gpubox/internal/check",
    "/_gpubox/internal/starting.html",
    "/_gpubox/check",
    "/_gpubox/probe.html/../../system_stats",
    "/api/../_gpubox/../system_stats",
    "/system_stats%3f/_gpubox/health",
    "/system_stats#/_gpubox/health",
    "/system_stats?/_gpubox/health",
    "/\\..\\_gpubox/health",
    "/.well-known/acme-challenge/../../system_stats",
    "/.well-known/acme-challenge/x",
    "/assets/index-12345678.js",
    "/assets/../system_stats",
    "/assets/x-12345678.js/../../system_stats",
    "/api/userdata/..%2f..%2fx",
    "/upload/../system_stats",
    "/ws",
    "/ws?clientId=1",
]


def raw(box: Box, request: str, name: str = DOMAIN) -> tuple[int, bytes]:
    """One request as these bytes: no client library mends its path."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with box.connect(context, name) as connection:
        connection.sendall(request.encode())
        answer = http.client.HTTPResponse(connection, method=request.partition(" ")[0])
        answer.begin()
        return answer.status, answer.read()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_no_trick_with_the_path_gets_around_the_gate(box: Box, path: str, method: str) -> None:
    status, body = raw(
        box, f"{method} {path} HTTP/1.1\r\nHost: {DOMAIN}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    assert status in (400, 401, 404, 405), (status, body)
    assert b"comfyui_version" not in body


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        (f"GET http://{DOMAIN}/system_stats HTTP/1.1\r\nHost: {DOMAIN}", (401,)),
        ("GET http://127.0.0.1:8188/system_stats HTTP/1.1\r\nHost: 127.0.0.1", (401, 421)),
        (f"GET http://elsewhere.example/system_stats HTTP/1.1\r\nHost: {DOMAIN}", (401, 421)),
        (f"GET /system_stats HTTP/1.1\r\nHost: {DOMAIN}\r\nHost: elsewhere.example", (400,)),
        ("GET /system_stats HTTP/1.1\r\nHost: localhost", (421,)),
        ("GET /system_stats HTTP/1.1\r\nHost: comfyui", (421,)),
        (f"GET /system_stats HTTP/1.1\r\nHost: {DOMAIN}.", (401, 421)),
        (f"GET /system_stats HTTP/1.1\r\nHost: {DOMAIN.upper()}", (401,)),
        ("GET /system_stats HTTP/1.0", (421, 400)),
        (f"GET /system_stats HTTP/1.1\r\nHost: {DOMAIN}\r\nX-Original-URL: /_gpubox/health", (401,)),
        (
            f"GET /system_stats HTTP/1.1\r\nHost: {DOMAIN}\r\nX-Gpubox-Address: 127.0.0.1\r\nX-Gpubox-Who: manager",
            (401,),
        ),
        (f"GET /ws HTTP/1.1\r\nHost: {DOMAIN}\r\nUpgrade: h2c\r\nConnection: upgrade", (401,)),
        (f"CONNECT 127.0.0.1:8188 HTTP/1.1\r\nHost: {DOMAIN}", (400, 405)),
        (f"TRACE / HTTP/1.1\r\nHost: {DOMAIN}", (405,)),
    ],
)
def test_no_trick_with_the_host_or_the_form_of_a_request_does(box: Box, head: str, statuses: tuple[int, ...]) -> None:
    status, body = raw(box, f"{head}\r\nConnection: close\r\n\r\n")
    assert status in statuses, (status, body)


def test_what_goes_without_a_pass_is_these_calls_and_each_by_its_method(box: Box) -> None:
    with box.client(headers={"Host": DOMAIN}) as stranger:
        assert stranger.get("/_gpubox/health").status_code == 204
        assert stranger.get("/_gpubox/enter").status_code == 200
        assert stranger.get("/_gpubox/probe.html").status_code == 200
        assert stranger.post("/_gpubox/enter", json={"ticket": "none"}).status_code == 401
        assert stranger.post("/_gpubox/manager", content="none").status_code == 401
        assert stranger.get("/_gpubox/manager").status_code == 403
        assert stranger.put("/_gpubox/enter").status_code == 403


def test_under_its_bare_address_the_box_answers_the_manager_only(box: Box) -> None:
    with box.client() as client:
        assert client.get("/_gpubox/health").status_code == 204
        assert box.speak(client).status_code == 200
        assert client.get("/", headers=box.bearer()).status_code == 421
        assert client.get("/_gpubox/enter").status_code == 421


def test_plain_http_leads_to_https_and_never_to_comfyui(box: Box) -> None:
    with box.client(base=f"http://127.0.0.1:{box.http_port}", headers={"Host": DOMAIN}) as client:
        answer = client.get("/a%2Fb?c=d", headers=box.bearer())
        assert (answer.status_code, answer.headers["Location"]) == (308, f"{ORIGIN}:{box.https_port}/a%2Fb?c=d")
        answer = client.get("/", headers={"Host": "elsewhere.example"})
        assert answer.headers["Location"].startswith(ORIGIN)


def test_a_cookie_is_good_for_its_own_address_only(box: Box, visitor: httpx.Client) -> None:
    with box.client(source="127.0.0.9", headers={"Host": DOMAIN, "Cookie": visitor.headers["Cookie"]}) as thief:
        assert visitor.get("/system_stats").status_code == 200
        assert thief.get("/system_stats").status_code == 401


def test_only_the_box_s_own_page_may_change_something_by_cookie(visitor: httpx.Client) -> None:
    body = {"ticket": "x"}
    assert visitor.post("/api/interrupt", json={}, headers={"Origin": ORIGIN}).status_code == 200
    assert visitor.post("/api/interrupt", json={}, headers={"Origin": PANEL}).status_code == 401
    assert visitor.post("/api/interrupt", json=body).status_code == 401


def test_a_cross_site_script_is_refused_although_the_same_path_was_just_let_through(visitor: httpx.Client) -> None:
    assert visitor.get("/system_stats", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert visitor.get("/system_stats", headers=foreign).status_code == 401


def test_logging_out_ends_it_within_the_cache_s_ten_seconds(box: Box, visitor: httpx.Client) -> None:
    assert visitor.get("/system_stats").status_code == 200

    def refused() -> bool:
        # The manager repeats itself; within the second of the login, a statement may be older than that.
        assert box.speak(visitor, sessions=[]).status_code in (200, 429)
        return visitor.get("/system_stats").status_code == 401

    wait_until(refused, patience=15)


def test_who_has_no_pass_may_ask_for_one_only_so_often(make_box: Callable[..., Box], world: World) -> None:
    rare = behind_a_domain(make_box, world, GPUBOX_UNASKED_RATE="1")
    with rare.client(headers={"Host": DOMAIN}) as guesser:
        codes = {guesser.post("/_gpubox/enter", json={"ticket": "guessed"}).status_code for _ in range(30)}
        assert codes == {401, 429}


def test_programs_come_with_a_bearer_and_no_origin(box: Box) -> None:
    with box.client(headers={"Host": DOMAIN} | box.bearer()) as program:
        box.speak(program)
        assert program.get("/system_stats").status_code == 200
        assert program.post("/api/interrupt", json={}).status_code == 200


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
    with box.client(headers={"Host": DOMAIN}) as manager:
        assert box.speak(manager, allowed=["::1/128"]).status_code == 200
    with box.client(source="127.0.0.9", headers={"Host": DOMAIN} | box.bearer()) as stranger:
        assert stranger.get("/system_stats").status_code == 403
    six = f"https://[::1]:{box.https_port}"
    with box.client(base=six, headers={"Host": DOMAIN} | box.bearer()) as program:
        assert program.get("/system_stats").status_code == 200


@pytest.mark.parametrize("path", ["/prompt", "/api/prompt", "/api//prompt", "/api/%70rompt", "/api/prompt?a=b"])
def test_a_box_about_to_power_off_takes_no_new_prompt_and_says_so(box: Box, visitor: httpx.Client, path: str) -> None:
    closing = box.folder / "run" / "closing"
    closing.write_text('{"at":1,"reason":"idle"}')
    try:
        with box.client(headers={"Host": DOMAIN} | box.bearer()) as program:
            answers = [visitor.post(path, json={}, headers={"Origin": ORIGIN}), program.post(path, json={})]
        assert visitor.get("/api/queue").status_code == 200
        assert visitor.post("/api/interrupt", json={}, headers={"Origin": ORIGIN}).status_code == 200
    finally:
        closing.unlink()
    for answer in answers:
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/json")
        # As ComfyUI's page expects it of a refused prompt.
        assert answer.json()["error"]["message"] == "The box is about to power off and takes no new prompt."
        assert answer.json()["node_errors"] == {}
    # Where the guard has thought better of it.
    assert visitor.post(path, json={}, headers={"Origin": ORIGIN}).status_code in (400, 404)


def test_a_refused_prompt_says_nothing_about_the_box_to_who_has_no_pass(box: Box) -> None:
    closing = box.folder / "run" / "closing"
    closing.write_text("{}")
    try:
        with box.client(headers={"Host": DOMAIN}) as stranger:
            assert stranger.post("/api/prompt", json={}).status_code == 401
    finally:
        closing.unlink()


def test_without_a_gate_nobody_passes(make_box: Callable[..., Box], world: World) -> None:
    box = behind_a_domain(make_box, world)
    box.close_gate()
    with box.client(headers={"Host": DOMAIN} | box.bearer()) as program:
        answer = program.get("/system_stats")
    assert answer.status_code == 503
    assert "cannot check passes" in answer.text


def websocket(box: Box, headers: dict[str, str], origin: str | None = None):  # noqa: ANN201
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return connect(
        f"wss://{DOMAIN}:{box.https_port}/ws?clientId=1",
        address=("127.0.0.1", box.https_port),
        ssl=context,
        additional_headers=headers,
        origin=origin,  # pyright: ignore[reportArgumentType]
        proxy=None,
        open_timeout=30,
    )


def test_a_websocket_opens_with_the_cookie_and_the_box_s_own_origin(box: Box, visitor: httpx.Client) -> None:
    with websocket(box, {"Cookie": visitor.headers["Cookie"]}, ORIGIN) as socket:
        assert json.loads(socket.recv(timeout=10))["type"] == "status"


@pytest.mark.parametrize("origin", [PANEL, "https://evil.example", None])
def test_a_websocket_by_cookie_from_elsewhere_is_refused(box: Box, visitor: httpx.Client, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        websocket(box, {"Cookie": visitor.headers["Cookie"]}, origin)
    assert refused.value.response.status_code == 401


def test_a_websocket_without_a_pass_is_refused(box: Box) -> None:
    with pytest.raises(InvalidStatus) as refused:
        websocket(box, {}, ORIGIN)
    assert refused.value.response.status_code == 401


def test_a_websocket_ends_with_its_session(box: Box, visitor: httpx.Client) -> None:
    with websocket(box, {"Cookie": visitor.headers["Cookie"]}, ORIGIN) as socket:
        socket.recv(timeout=10)

        def ended() -> bool:
            box.speak(visitor, sessions=["somebody-else"])
            with contextlib.suppress(TimeoutError):
                socket.recv(timeout=0.2)
            return False

        # Cut, without a word of farewell: nobody is there any more who could say one.
        with pytest.raises(ConnectionClosedError):
            wait_until(ended)
        assert SESSION not in box.logs()


def test_a_program_opens_a_websocket_without_an_origin(box: Box, visitor: httpx.Client) -> None:  # noqa: ARG001
    with websocket(box, box.bearer()) as socket:
        assert json.loads(socket.recv(timeout=10))["type"] == "status"


def test_no_secret_and_no_query_is_in_nginx_s_log(box: Box, visitor: httpx.Client) -> None:
    bearer = box.bearer()
    visitor.get("/system_stats?token=very-secret", headers=bearer)
    wait_until(lambda: "GET /system_stats" in box.logs())
    for secret in ("very-secret", bearer["Authorization"], visitor.headers["Cookie"].partition("=")[2]):
        assert secret not in box.logs()
