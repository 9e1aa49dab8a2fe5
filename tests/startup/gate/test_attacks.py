"""Everything that must not open the gate, in tables."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from makers import (
    BOX,
    HERE,
    MANAGER,
    MANAGER_KEY,
    NOON,
    NOW,
    ORIGIN,
    OTHER_KEY,
    SAYS,
    THERE,
    Wall,
    at,
    enter,
    make_gate,
    page,
    statement,
    ticket,
)

from gpubox_agent.gate.decide import Request
from gpubox_agent.gate.gate import Gate
from gpubox_agent.gate.refusal import Refused

CLAIMS: dict[str, Any] = {
    "iss": "gpubox",
    "aud": BOX,
    "jti": "made-up",
    "iat": int(NOW),
    "exp": int(NOW) + 60,
    "sub": "anna",
    "ses": int(NOW) + 3600,
}
TYP = {"typ": "gpubox-ticket+jwt"}
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def _public_as_secret() -> str:
    """HS256 with the public key for a secret: what a careless library takes for a signature."""
    return jwt.encode(CLAIMS, MANAGER_KEY.public_key.encode(), algorithm="HS256", headers=TYP)


def _unsigned() -> str:
    return jwt.encode(CLAIMS, None, algorithm="none", headers=TYP)


def _by_us(headers: dict[str, Any] = TYP, **claims: Any) -> str:
    kept = {name: value for name, value in (CLAIMS | claims).items() if value is not ...}
    return jwt.encode(kept, KEY, algorithm="EdDSA", headers=headers)


def _altered() -> str:
    head, _, tail = ticket().split(".")
    body = jwt.utils.base64url_encode(json.dumps(CLAIMS | {"sub": "mallory"}).encode()).decode()
    return f"{head}.{body}.{tail}"


TICKETS: dict[str, tuple[Callable[[], str], str]] = {
    "signed by somebody else": (lambda: ticket(key=OTHER_KEY), "forged"),
    "with altered claims": (_altered, "forged"),
    "not signed at all": (_unsigned, "forged"),
    "signed with the public key": (_public_as_secret, "forged"),
    "a minute and more old": (lambda: ticket(when=at(seconds=-66)), "expired"),
    "from the future": (lambda: ticket(when=at(seconds=6)), "too_early"),
    "good for longer than tickets are": (lambda: _by_us(exp=int(NOW) + 3600), "expired"),
    "for another box": (lambda: ticket(box="another"), "other_box"),
    "for nobody": (lambda: _by_us(aud=...), "malformed"),
    "of another issuer": (lambda: _by_us(iss="somebody"), "malformed"),
    "without an id": (lambda: _by_us(jti=...), "malformed"),
    "with an empty id": (lambda: _by_us(jti=""), "malformed"),
    "with moments that are none": (lambda: _by_us(iat="now"), "malformed"),
    "without a session": (lambda: _by_us(sub=...), "malformed"),
    "without an end": (lambda: _by_us(ses=...), "malformed"),
    "of a session that is over": (lambda: _by_us(ses=int(NOW)), "ended"),
    "that is a service token": (lambda: MANAGER_KEY.service(BOX, "x", NOON, timedelta(days=1)), "wrong_kind"),
    "that is a statement": (statement, "wrong_kind"),
    "that says no kind": (lambda: _by_us({"typ": None}), "wrong_kind"),
    "that is no token": (lambda: "abc", "malformed"),
    "that is nothing": (str, "malformed"),
    "that never ends": (lambda: "." * 100_000, "malformed"),
    "of no letters": (lambda: "\udcff", "malformed"),
}


@pytest.mark.parametrize(("made", "code"), TICKETS.values(), ids=TICKETS.keys())
def test_a_ticket_is_refused(gate: Gate, made: Callable[[], str], code: str) -> None:
    with pytest.raises(Refused) as refused:
        enter(gate, made())
    assert refused.value.code == code


def test_a_ticket_opens_once_and_a_restart_forgets_nothing(gate: Gate, tmp_path: Path, wall: Wall) -> None:
    shown = ticket()
    cookie = enter(gate, shown)
    again = make_gate(tmp_path, wall)
    for each in (gate, again):
        with pytest.raises(Refused, match="used"):
            enter(each, shown)
        assert each.check(page(cookie)).who == "browser"


def test_a_ticket_that_another_site_shows_is_refused(gate: Gate) -> None:
    with pytest.raises(Refused, match="cross_site"):
        gate.enter(ticket(), Request(HERE, "POST", "https://evil.example", "cross-site"))


def test_skew_of_five_seconds_is_forgiven(gate: Gate) -> None:
    enter(gate, ticket("early", when=at(seconds=5)))
    enter(gate, ticket("late", when=at(seconds=-64)))


BEARERS: dict[str, tuple[Callable[[], str], str]] = {
    "none": (str, "missing"),
    "of somebody else": (lambda: OTHER_KEY.service(BOX, "x", NOON, timedelta(days=1)), "forged"),
    "for another box": (lambda: MANAGER_KEY.service("another", "x", NOON, timedelta(days=1)), "other_box"),
    "whose time is over": (lambda: MANAGER_KEY.service(BOX, "x", at(days=-2), timedelta(days=1)), "expired"),
    "that is a ticket": (ticket, "wrong_kind"),
    "that is a statement": (statement, "wrong_kind"),
    "of no letters": (lambda: "\udcff.x.y", "malformed"),
}


@pytest.mark.parametrize(("made", "code"), BEARERS.values(), ids=BEARERS.keys())
def test_a_bearer_token_is_refused(gate: Gate, made: Callable[[], str], code: str) -> None:
    with pytest.raises(Refused) as refused:
        gate.check(Request(HERE, "GET", authorization=f"Bearer {made()}"))
    assert refused.value.code == code


COOKIES: dict[str, tuple[Callable[[str], str], str]] = {
    "no cookie": (lambda _: "", "missing"),
    "another cookie": (lambda _: "theme=dark", "missing"),
    "an altered signature": (
        lambda cookie: cookie[:-6] + ("AAAAAA" if cookie[-6:] != "AAAAAA" else "BBBBBB"),
        "forged",
    ),
    "the ticket itself": (lambda _: f"__Host-gpubox-box={ticket()}", "wrong_kind"),
    "an unsigned one": (lambda _: "__Host-gpubox-box=" + _cookie(None, "none"), "forged"),
    "one signed with the public key": (
        lambda _: "__Host-gpubox-box=" + _cookie(MANAGER_KEY.public_key.encode(), "HS256"),
        "forged",
    ),
    "no token": (lambda _: "__Host-gpubox-box=abc", "malformed"),
}


def _cookie(secret: Any, algorithm: str) -> str:
    claims = {"sub": "anna", "adr": HERE, "box": BOX, "exp": int(NOW) + 3600}
    return jwt.encode(claims, secret, algorithm=algorithm, headers={"typ": "gpubox-cookie+jwt"})


@pytest.mark.parametrize(("made", "code"), COOKIES.values(), ids=COOKIES.keys())
def test_a_cookie_is_refused(gate: Gate, made: Callable[[str], str], code: str) -> None:
    cookie = enter(gate, ticket())
    with pytest.raises(Refused) as refused:
        gate.check(page(made(cookie)))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("came_from", "copied_to"),
    [(HERE, THERE), ("2001:db8:1:2::7", "2001:db8:1:3::7"), (HERE, "2001:db8:1:2::7")],
)
def test_a_cookie_is_worth_nothing_at_another_address(gate: Gate, came_from: str, copied_to: str) -> None:
    cookie = enter(gate, ticket(), came_from)
    with pytest.raises(Refused, match="address"):
        gate.check(page(cookie, copied_to))


@pytest.mark.parametrize(
    ("came_from", "goes_on_at"),
    [("2001:db8:1:2::7", "2001:db8:1:2:aaaa::9"), (HERE, f"::ffff:{HERE}")],
)
def test_a_cookie_goes_on_in_the_network_that_it_is_bound_to(gate: Gate, came_from: str, goes_on_at: str) -> None:
    assert gate.check(page(enter(gate, ticket(), came_from), goes_on_at)).name == "anna"


def test_a_cookie_ends_with_its_session(gate: Gate, wall: Wall) -> None:
    cookie = enter(gate, ticket())
    wall.forward(hours=8)
    with pytest.raises(Refused, match="expired"):
        gate.check(page(cookie))


SITES: dict[str, tuple[dict[str, str], bool]] = {
    "its own script": ({"site": "same-origin", "mode": "cors"}, True),
    "typed into the address bar": ({"site": "none", "mode": "navigate"}, True),
    "the panel's frame": ({"site": "cross-site", "mode": "navigate"}, True),
    "a link elsewhere": ({"site": "same-site", "mode": "navigate"}, True),
    "an image on another site": ({"site": "cross-site", "mode": "no-cors"}, False),
    "a script of the panel's site": (
        {"site": "same-site", "mode": "cors", "origin": "https://panel.example.com"},
        False,
    ),
    "an old browser": ({"site": "", "mode": ""}, True),
    "a foreign origin in an old browser": ({"site": "", "mode": "", "origin": "https://evil.example"}, False),
    "its own POST": ({"method": "POST", "origin": ORIGIN}, True),
    "its own POST in an old browser": ({"method": "POST", "origin": ORIGIN, "site": "", "mode": ""}, True),
    "a form on another site": (
        {"method": "POST", "origin": "https://evil.example", "site": "cross-site", "mode": "navigate"},
        False,
    ),
    "a POST from nowhere": ({"method": "POST"}, False),
    "a POST of a hidden origin": ({"method": "POST", "origin": "null"}, False),
    "a DELETE of the panel's site": (
        {"method": "DELETE", "origin": "https://panel.example.com", "site": "same-site"},
        False,
    ),
    "a POST that says another site": ({"method": "POST", "origin": ORIGIN, "site": "cross-site"}, False),
    "its own WebSocket": ({"upgrade": "websocket", "origin": ORIGIN, "site": "", "mode": "websocket"}, True),
    "a foreign WebSocket": ({"upgrade": "websocket", "origin": "https://evil.example", "site": ""}, False),
    "a WebSocket of a lookalike": ({"upgrade": "websocket", "origin": ORIGIN + ".evil.example", "site": ""}, False),
    "a WebSocket of plain HTTP": ({"upgrade": "websocket", "origin": "http://comfy.example.com", "site": ""}, False),
    "a WebSocket from nowhere": ({"upgrade": "websocket", "site": ""}, False),
}


@pytest.mark.parametrize(("asked", "passes"), SITES.values(), ids=SITES.keys())
def test_a_cookie_proves_only_what_the_boxs_own_pages_ask(gate: Gate, asked: dict[str, str], passes: bool) -> None:
    cookie = enter(gate, ticket())
    if passes:
        assert gate.check(page(cookie, **asked)).who == "browser"
    else:
        with pytest.raises(Refused, match="cross_site"):
            gate.check(page(cookie, **asked))


def test_a_websocket_without_a_cookie_is_refused(gate: Gate) -> None:
    with pytest.raises(Refused, match="missing"):
        gate.check(page(upgrade="websocket", origin=ORIGIN))


STATEMENTS: dict[str, tuple[Callable[[], str], str]] = {
    "of somebody else": (lambda: statement(key=OTHER_KEY), "forged"),
    "for another box": (lambda: MANAGER_KEY.statement("another", SAYS, NOON), "other_box"),
    "that is a ticket": (ticket, "wrong_kind"),
    "an hour old": (lambda: statement(when=at(hours=-1)), "expired"),
    "from the future": (lambda: statement(when=at(hours=1)), "too_early"),
    "without sessions": (lambda: MANAGER_KEY.statement(BOX, {"allowed": []}, NOON), "malformed"),
    "with sessions that are none": (lambda: statement(sessions=[1]), "malformed"),
    "with an age that is none": (lambda: statement(keep_alive_age_s="old"), "malformed"),
}


@pytest.mark.parametrize(("made", "code"), STATEMENTS.values(), ids=STATEMENTS.keys())
def test_a_statement_is_refused_and_changes_nothing(gate: Gate, made: Callable[[], str], code: str) -> None:
    cookie = enter(gate, ticket())
    with pytest.raises(Refused) as refused:
        gate.hear(made(), MANAGER)
    assert refused.value.code == code
    assert gate.check(page(cookie)).name == "anna"


def test_an_old_list_of_sessions_cannot_be_played_again(gate: Gate, tmp_path: Path, wall: Wall) -> None:
    old, newer = statement("anna"), statement(when=at(seconds=10))
    unused = statement("anna", when=at(seconds=1))
    cookie = enter(gate, ticket())
    gate.hear(old, MANAGER)
    wall.forward(seconds=10)
    gate.hear(newer, MANAGER)
    for each in (gate, make_gate(tmp_path, wall)):
        for replayed, code in ((old, "stale"), (unused, "stale"), (newer, "used")):
            with pytest.raises(Refused, match=code):
                each.hear(replayed, THERE)
        with pytest.raises(Refused, match="ended"):
            each.check(page(cookie))
        assert each.sessions.statement is not None
        assert each.sessions.statement.address == MANAGER
