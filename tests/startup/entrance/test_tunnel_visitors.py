"""Who comes in through a tunnel: a browser, and a program with a service token of Cloudflare's."""

from collections.abc import Iterator

import httpx
import pytest
from box import DOMAIN, Box
from echo import Echo
from tunnelled import ORIGIN, tunnelled
from world import World

VISITOR = "2001:db8::7"


def through(box: Box) -> httpx.Client:
    """A visitor, as cloudflared passes them on."""
    headers = {"Host": DOMAIN, "CF-Connecting-IP": VISITOR}
    return box.client(base=f"http://127.0.0.2:{box.http_port}", source="127.0.0.2", headers=headers)


@pytest.fixture
def seen_by(world: World) -> Iterator[tuple[Box, Echo]]:
    """A tunnel to an upstream that tells what reached it."""
    with Echo() as echo, Box(world, echo.port) as made:
        box = tunnelled(lambda **settings: _with(made, settings), world)
        box.apply()
        yield box.open_gate(), echo


def _with(box: Box, settings: dict[str, str]) -> Box:
    box.attributes |= {key.replace("gpubox_", "gpubox-"): value for key, value in settings.items()}
    return box


def test_a_program_s_service_token_of_cloudflare_s_passes_and_stays_outside_of_comfyui(
    seen_by: tuple[Box, Echo],
) -> None:
    box, _ = seen_by
    access = {
        "CF-Access-Client-Id": "an-id.access",
        "CF-Access-Client-Secret": "a-client-secret",
        "Cf-Access-Jwt-Assertion": "what Cloudflare made of them",
    }
    with through(box) as program:
        assert box.speak_as(program, VISITOR).json()["address"] == VISITOR
        assert program.get("/api/queue", headers=access).status_code == 401
        answer = program.get("/api/queue", headers=access | box.bearer())
        assert answer.status_code == 200
        seen = answer.json()["headers"]
    assert not {name for name in seen if name.startswith(("cf-access", "authorization"))}
    assert seen["x-forwarded-for"] == VISITOR
    assert seen["x-forwarded-proto"] == "https"
    assert "a-client-secret" not in box.logs()


def test_a_browser_comes_in_through_the_tunnel(seen_by: tuple[Box, Echo]) -> None:
    box, echo = seen_by
    with through(box) as visitor:
        assert box.speak(visitor).status_code == 200
        entered = visitor.post("/_gpubox/enter", json={"ticket": box.ticket()}, headers={"Origin": ORIGIN})
        assert entered.status_code == 204, entered.text
        cookie = entered.headers["Set-Cookie"].partition(";")[0]
        assert visitor.get("/api/queue", headers={"Cookie": cookie}).status_code == 200
        # The same cookie from another visitor's address.
        other = {"Cookie": cookie, "CF-Connecting-IP": "203.0.113.9"}
        assert visitor.get("/api/queue", headers=other).status_code == 401
    assert echo.seen == ["/api/queue"]
