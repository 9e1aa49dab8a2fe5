"""Who passes: tickets, cookies, bearers; for how long, and what is refused."""

from collections.abc import Callable

import httpx
from box import PANEL, Box, wait_until
from under_a_domain import NAMED, ORIGIN, behind_a_domain
from world import World


def test_a_ticket_opens_comfyui_and_works_once(box: Box, visitor: httpx.Client) -> None:
    assert visitor.get("/system_stats").status_code == 200
    ticket = box.ticket()
    codes = [visitor.post("/_gpubox/enter", json={"ticket": ticket}).status_code for _ in range(2)]
    assert codes == [204, 401]


def test_without_a_pass_a_page_says_where_to_get_one(box: Box) -> None:
    with box.client(headers=NAMED) as stranger:
        answer = stranger.get("/")
    assert answer.status_code == 401
    assert PANEL in answer.text
    assert f"frame-ancestors {PANEL}" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Server-Timing"] == 'gate;desc="missing"'


def test_what_goes_without_a_pass_is_these_calls_and_each_by_its_method(box: Box) -> None:
    with box.client(headers=NAMED) as stranger:
        assert stranger.get("/_gpubox/health").status_code == 204
        assert stranger.get("/_gpubox/enter").status_code == 200
        assert stranger.get("/_gpubox/probe.html").status_code == 200
        assert stranger.post("/_gpubox/enter", json={"ticket": "none"}).status_code == 401
        assert stranger.post("/_gpubox/manager", content="none").status_code == 401
        assert stranger.get("/_gpubox/manager").status_code == 403
        assert stranger.put("/_gpubox/enter").status_code == 403


def test_a_cookie_is_good_for_its_own_address_only(box: Box, visitor: httpx.Client) -> None:
    with box.client(source="127.0.0.9", headers=NAMED | {"Cookie": visitor.headers["Cookie"]}) as thief:
        assert visitor.get("/system_stats").status_code == 200
        assert thief.get("/system_stats").status_code == 401


def test_a_pass_whose_claims_were_altered_opens_nothing_else(box: Box, visitor: httpx.Client) -> None:
    name, _, value = visitor.headers["Cookie"].partition("=")
    head, claims, signature = value.split(".")
    altered = f"{name}={head}.{claims[:-2]}AA.{signature}"
    assert visitor.get("/system_stats").status_code == 200
    # nginx finds the gate's last word by the signature, which is good for the visitor's own address.
    with box.client(source="127.0.0.9", headers=NAMED | {"Cookie": altered}) as forger:
        assert forger.get("/system_stats").status_code == 401
    with box.client(headers=NAMED | {"Cookie": f"{name}={head}.{claims}.{'A' * len(signature)}"}) as guesser:
        assert guesser.get("/system_stats").status_code == 401


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
    with rare.client(headers=NAMED) as guesser:
        codes = {guesser.post("/_gpubox/enter", json={"ticket": "guessed"}).status_code for _ in range(30)}
        assert codes == {401, 429}


def test_programs_come_with_a_bearer_and_no_origin(box: Box) -> None:
    with box.client(headers=NAMED | box.bearer()) as program:
        box.speak(program)
        assert program.get("/system_stats").status_code == 200
        assert program.post("/api/interrupt", json={}).status_code == 200


def test_without_a_gate_nobody_passes(make_box: Callable[..., Box], world: World) -> None:
    box = behind_a_domain(make_box, world)
    box.close_gate()
    with box.client(headers=NAMED | box.bearer()) as program:
        answer = program.get("/system_stats")
    assert answer.status_code == 503
    assert "cannot check passes" in answer.text


def test_no_secret_and_no_query_is_in_nginx_s_log(box: Box, visitor: httpx.Client) -> None:
    bearer = box.bearer()
    visitor.get("/system_stats?token=very-secret", headers=bearer)
    wait_until(lambda: "GET /system_stats" in box.logs())
    for secret in ("very-secret", bearer["Authorization"], visitor.headers["Cookie"].partition("=")[2]):
        assert secret not in box.logs()
