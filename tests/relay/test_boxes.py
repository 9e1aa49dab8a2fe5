"""Several boxes: a page of one never speaks to another, though browsers send cookies to all ports of a host."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from manager.relay import Bound, Relays
from manager.relay.cookie import RelayCookie, Visit, mark_of
from manager.relaying import relay_ports, relay_url
from manager.settings import Settings

from .house import BOX, OTHER, SECRET, Certificate, House, house, raw, request

PANEL = "http://127.0.0.1:8187"


@dataclass
class Two:
    """Two boxes, each with its relay, and one browser with a cookie jar that knows no ports."""

    one: House
    other: House
    browser: aiohttp.ClientSession

    async def enter(self, into: House, ticket: str) -> int:
        sent = {"Origin": into.url}
        async with self.browser.post(f"{into.url}/_gpubox/enter", json={"ticket": ticket}, headers=sent) as answer:
            return answer.status

    async def read(self, page: House, path: str = "/who") -> str:
        async with self.browser.get(page.url + path) as answer:
            return await answer.text()


@pytest.fixture
async def two(box_certificate: Certificate) -> AsyncIterator[Two]:
    jar = aiohttp.CookieJar(unsafe=True)  # addresses have cookies too, as in browsers
    async with (
        house(box_certificate, name=BOX) as one,
        house(box_certificate, name=OTHER) as other,
        aiohttp.ClientSession(cookie_jar=jar) as browser,
    ):
        for built, name in ((one, BOX), (other, OTHER)):
            built.answer = _says(name)
        yield Two(one, other, browser)


def _says(name: str):  # noqa: ANN202 - a handler
    async def answer(asked: web.BaseRequest) -> web.StreamResponse:
        if asked.headers.get("Upgrade") != "websocket":
            return web.Response(text=name)
        talk = web.WebSocketResponse()
        await talk.prepare(asked)
        async for _ in talk:
            await talk.send_str(name)
        return talk

    return answer


async def test_a_page_that_is_open_goes_on_with_its_own_box_after_another_was_opened(two: Two) -> None:
    assert await two.enter(two.one, two.one.ticket(box=BOX)) == 204
    async with two.browser.ws_connect(f"{two.one.url}/ws", origin=two.one.url) as open_before:
        assert await two.enter(two.other, two.other.ticket(box=OTHER)) == 204
        assert (await two.read(two.one), await two.read(two.other)) == (BOX, OTHER)
        for page, name in ((two.one, BOX), (two.other, OTHER)):
            async with two.browser.ws_connect(f"{page.url}/ws", origin=page.url) as talk:
                await talk.send_str("who?")
                assert await talk.receive_str() == name
        await open_before.send_str("who?")
        assert await open_before.receive_str() == BOX
    # The browser did send both, so it is the relay that tells them apart; and the boxes see neither.
    assert len({cookie.key for cookie in two.browser.cookie_jar}) == 2
    assert all(seen.header("Cookie") == [] for seen in two.one.seen + two.other.seen)


async def test_what_opens_one_box_opens_no_other(two: Two) -> None:
    assert await two.enter(two.other, two.other.ticket(box=BOX)) == 401
    assert await two.enter(two.one, two.one.ticket(box=BOX)) == 204
    async with two.browser.get(f"{two.other.url}/who") as answer:
        assert answer.status == 401
    assert two.other.seen == []


async def test_a_cookie_of_one_box_under_the_name_of_another_opens_nothing(two: Two) -> None:
    now = two.one.clock.now()
    ends = now.replace(year=now.year + 1)
    written = RelayCookie(SECRET, BOX).write(Visit("s1", ends, BOX, "127.0.0.1"), now, secure=False)
    value = written.partition(";")[0].partition("=")[2]
    two.other.browser.headers["Cookie"] = f"gpubox-relay-{mark_of(OTHER)}={value}"
    assert (await raw(two.other, request(two.other, "GET", "/"))).startswith(b"HTTP/1.1 401")


async def test_a_page_of_one_box_asks_nothing_of_another(two: Two) -> None:
    for built, name in ((two.one, BOX), (two.other, OTHER)):
        assert await two.enter(built, built.ticket(box=name)) == 204
    for headers in ({"Origin": two.one.url}, {"Origin": two.one.url, "Sec-Fetch-Site": "same-site"}):
        async with two.browser.post(f"{two.other.url}/api/prompt", headers=headers) as answer:
            assert answer.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await two.browser.ws_connect(f"{two.other.url}/ws", origin=two.one.url)
    assert two.other.seen == []


def _settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "urls"),
    [
        (None, ["http://127.0.0.1:9100", "http://127.0.0.1:9099"]),
        ("https://comfy.example.com", ["https://comfy.example.com", "https://comfy.example.com:9099"]),
    ],
)
def test_further_boxes_are_at_ports_of_their_own(said: str | None, urls: list[str]) -> None:
    settings = _settings(relay_url=said)
    assert [relay_url(settings, PANEL, 9100 - number, number) for number in range(2)] == urls


class StandingRelay:
    """Only says whether it serves."""

    def __init__(self, bound: Bound) -> None:
        self.bound, self.serves = bound, False

    async def open(self) -> None:
        self.serves = True

    async def close(self) -> None:
        self.serves = False
        self.bound.listener.close()


@pytest.fixture
async def relays() -> AsyncIterator[tuple[Relays, dict[str, StandingRelay], int]]:
    # A port whose neighbour below is taken.
    with socket.create_server(("127.0.0.1", 0)) as below:
        port = below.getsockname()[1] + 1
        first = socket.create_server(("127.0.0.1", port))
        made: dict[str, StandingRelay] = {}

        def make(box: str, bound: Bound) -> StandingRelay:
            made[box] = StandingRelay(bound)
            return made[box]

        built = Relays(relay_ports(_settings(relay_port=port), PANEL, first), make)  # type: ignore[arg-type]
        try:
            yield built, made, port
        finally:
            await built.close()


async def test_boxes_come_and_go_and_keep_their_ports(
    relays: tuple[Relays, dict[str, StandingRelay], int],
) -> None:
    built, made, port = relays
    await built.settle(["a", "b"])
    assert not made["a"].serves
    await built.open()
    assert built.url("a") == f"http://127.0.0.1:{port}"
    assert built.url("b") == f"http://127.0.0.1:{port - 2}"  # another program has the port between
    assert built.url("c") is None
    await built.settle(["b", "c"])
    await built.open()
    assert (made["a"].serves, made["b"].serves, made["c"].serves) == (False, True, True)
    assert built.url("b") == f"http://127.0.0.1:{port - 2}"
    assert built.url("c") == f"http://127.0.0.1:{port}"
    assert built.url("a") is None


async def test_without_a_free_port_a_box_has_no_relay_and_the_others_have_theirs() -> None:
    def bind(number: int) -> Bound:
        if number:
            raise OSError(98, "taken")
        return Bound(socket.create_server(("127.0.0.1", 0)), "http://first")

    made: list[StandingRelay] = []

    def make(_: str, bound: Bound) -> StandingRelay:
        made.append(StandingRelay(bound))
        return made[-1]

    built = Relays(bind, make)  # type: ignore[arg-type]
    await built.settle(["a", "b"])
    assert (built.url("a"), built.url("b")) == ("http://first", None)
    await built.close()
    await asyncio.sleep(0)
    assert [each.serves for each in made] == [False]
