"""WebSockets through nginx and the gate: who opens one, and what ends it."""

import contextlib
import json

import httpx
import pytest
from box import DOMAIN, PANEL, SESSION, Box, any_certificate, wait_until
from under_a_domain import ORIGIN
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect


def websocket(box: Box, headers: dict[str, str], origin: str | None = None):  # noqa: ANN201
    return connect(
        f"wss://{DOMAIN}:{box.https_port}/ws?clientId=1",
        address=("127.0.0.1", box.https_port),
        ssl=any_certificate(),
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
