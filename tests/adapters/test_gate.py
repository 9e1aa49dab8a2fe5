"""The manager's side of the gate against real HTTPS servers: which certificate is believed, and what is sent."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manager.adapters.clients import BoxClients
from manager.adapters.comfyui import HttpComfyUi
from manager.adapters.gate import HttpGate
from manager.adapters.passes import STATEMENT, Passes
from manager.application.ports import Door
from manager.domain.errors import ComfyUnreachable, GateUnreachable
from tests.support.certificates import self_signed
from tests.support.clock import NOON, ManualClock
from tests.support.http_server import Handler, HttpServer

PASSES = Passes(bytes(32))
SAID = {"sessions": ["anna"], "keep_alive_age_s": None, "hold_s": 0, "stopping": False, "allowed": []}
PRESENCE = {"boot_id": "b", "person": {"count": 0, "age_s": None}, "queue": {"running": 0, "pending": 0}}


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for another name than it is reached by, with its key, in one file."""
    made, key = self_signed()
    path = folder / f"{name}.pem"
    path.write_bytes(key + made)
    return path


def public(path: Path) -> str:
    return "-----BEGIN CERTIFICATE-----" + path.read_text().partition("-----BEGIN CERTIFICATE-----")[2]


class Box(HttpServer):
    """Answers what `answer` says, over TLS; `asked` are paths, bearers and bodies."""

    def __init__(self, pem: Path) -> None:
        self.answer: tuple[int, bytes] = (200, b"{}")
        self.asked: list[tuple[str, str | None, bytes]] = []
        outer = self

        class Answering(Handler):
            def _answer(self) -> None:
                outer.asked.append((self.path, self.headers["Authorization"], self.content()))
                self.reply(*outer.answer)

            do_GET = do_POST = _answer  # noqa: N815 - the names of the library

        super().__init__(Answering, pem)
        self.door = Door(f"https://127.0.0.1:{self.port}", "comfyui", public(pem))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(certificate(tmp_path, "own")) as served:
        yield served


async def say(door: Door) -> Any:
    gate = HttpGate(PASSES.statement, ManualClock())
    try:
        return await gate.say(door, SAID)
    finally:
        await gate.close()


async def test_a_statement_is_signed_for_the_box_and_answered_with_its_report(box: Box) -> None:
    box.answer = (200, b'{"version": 1}')
    assert await say(box.door) == {"version": 1}
    path, _, body = box.asked[0]
    assert path == "/_gpubox/manager"
    assert PASSES.read(STATEMENT, body.decode(), "comfyui", NOON).items() >= SAID.items()


async def test_another_certificate_than_the_pinned_one_is_told_nothing(box: Box, tmp_path: Path) -> None:
    other = public(certificate(tmp_path, "other"))
    for pinned in (other, None):
        with pytest.raises(GateUnreachable) as refused:
            await say(Door(box.door.url, "comfyui", pinned))
        assert "certificate" in refused.value.data["detail"].lower()
    assert box.asked == []


@pytest.mark.parametrize("pem", ["-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n", "nothing"])
async def test_a_certificate_that_is_none_is_no_way_in(box: Box, pem: str) -> None:
    door = Door(box.door.url, "comfyui", pem)
    with pytest.raises(GateUnreachable):
        await say(door)
    comfyui = HttpComfyUi(bearer=lambda _: "t")
    with pytest.raises(ComfyUnreachable):
        await comfyui.pulse(door)
    await comfyui.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, b'{"code": "forged"}'), "does not believe the panel: forged"),
        ((401, b'{"code": "expired", "now": 5}'), "the box's clock says 5 seconds since 1970"),
        ((401, b"<html>"), "no reason given"),
        ((401, b"[]"), "no reason given"),
        ((502, b""), "it answers 502"),
        ((200, b"<html>"), "something else than the gate"),
        ((200, b"[" * 100_000), "something else than the gate"),
        ((200, b" " * 600_000), "too large"),
    ],
)
async def test_what_went_wrong_is_said(box: Box, answer: tuple[int, bytes], said: str) -> None:
    box.answer = answer
    with pytest.raises(GateUnreachable) as refused:
        await say(box.door)
    assert said in refused.value.data["detail"]


async def test_a_box_without_a_gate_is_told_nothing(box: Box) -> None:
    with pytest.raises(GateUnreachable):
        await say(Door(box.door.url, None, box.door.certificate))
    assert box.asked == []


async def test_a_gated_box_gets_a_pass_of_its_own_and_never_the_token_of_a_proxy(box: Box) -> None:
    box.answer = (200, json.dumps(PRESENCE).encode())
    comfyui = HttpComfyUi("the-proxys", bearer=lambda name: f"pass-of-{name}")
    await comfyui.pulse(box.door)
    await comfyui.pulse(Door(box.door.url, None, box.door.certificate))
    await comfyui.close()
    assert [bearer for _, bearer, _ in box.asked] == ["Bearer pass-of-comfyui", "Bearer the-proxys"]


async def test_clients_are_kept_by_certificate_and_not_without_end(tmp_path: Path) -> None:
    clients = BoxClients(1.0)
    doors = [Door("https://127.0.0.1:1", "comfyui", public(certificate(tmp_path, str(n)))) for n in range(17)]
    first = await clients.through(doors[0])
    assert await clients.through(Door("https://127.0.0.1:2", "comfyui", doors[0].certificate)) is first
    for door in doors[1:]:
        await clients.through(door)
    assert first.is_closed
    assert await clients.through(doors[0]) is not first
    await clients.close()
