"""The client against a real HTTP server that answers as a ComfyUI does, or does not."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from manager.adapters.comfyui import HttpComfyUi
from manager.application.ports import Door, Pulse
from manager.domain.errors import ComfyUnreachable
from tests.support.http_server import Handler, HttpServer

PRESENCE = {
    "version": 1,
    "boot_id": "b",
    "person": {"count": 3, "age_s": 12.5},
    "queue": {"running": 1, "pending": 2},
    "progress": {"count": 7, "age_s": 0.5, "value": 5, "max": 8, "node": "3", "prompt_id": "p"},
}


class Server(HttpServer):
    """Answers GET from `answers` by path: a status and a body; records the Authorization header."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str]] = {}
        self.authorization: list[str | None] = []
        outer = self

        class Answering(Handler):
            def do_GET(self) -> None:  # noqa: N802 - the name is the library's
                outer.authorization.append(self.headers["Authorization"])
                status, body = outer.answers.get(self.path, (404, ""))
                self.reply(status, body.encode())

        super().__init__(Answering)
        self.url = f"http://127.0.0.1:{self.port}"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


async def pulse(url: str, **options: Any) -> Pulse:
    comfyui = HttpComfyUi(**options)
    try:
        return await comfyui.pulse(Door(url))
    finally:
        await comfyui.close()


@pytest.mark.parametrize(("told", "version"), [("0.33.0", "0.33.0"), ("v0.33.0", "0.33.0"), (None, None), (33, None)])
async def test_a_comfyui_tells_its_version_where_it_can(server: Server, told: object, version: str | None) -> None:
    server.answers["/gpubox/presence"] = (200, json.dumps(PRESENCE | {"comfyui_version": told}))
    assert (await pulse(server.url)).version == version


async def test_a_comfyui_with_the_presence_node_tells_people_and_progress(server: Server) -> None:
    server.answers["/gpubox/presence"] = (200, json.dumps(PRESENCE))
    assert await pulse(server.url) == Pulse(1, 2, True, "b", 3, 12.5, 7, 0.5, 0.62, None)  # noqa: FBT003


async def test_a_comfyui_without_it_tells_the_length_of_its_queue(server: Server) -> None:
    server.answers["/prompt"] = (200, '{"exec_info": {"queue_remaining": 3}}')
    assert await pulse(server.url) == Pulse(running=1, pending=2, presence=False)


async def test_a_queue_that_the_node_cannot_see_is_asked_for(server: Server) -> None:
    server.answers["/gpubox/presence"] = (200, json.dumps(PRESENCE | {"queue": None}))
    server.answers["/prompt"] = (200, '{"exec_info": {"queue_remaining": 2}}')
    seen = await pulse(server.url)
    assert (seen.running, seen.pending, seen.presence) == (1, 1, True)


@pytest.mark.parametrize(
    "progress",
    [
        None,
        {},
        {"count": 1, "age_s": 0, "value": None, "max": 0},
        {"count": 1, "age_s": 0, "value": float("inf"), "max": float("inf")},
        {"count": 1, "age_s": 0, "value": float("nan"), "max": 1},
    ],
)
async def test_progress_that_is_not_known_is_no_share(server: Server, progress: Any) -> None:
    server.answers["/gpubox/presence"] = (200, json.dumps(PRESENCE | {"progress": progress}))
    assert (await pulse(server.url)).progress_share is None


@pytest.mark.parametrize("age", ["1e300", "-1e9", "NaN", '"long"', "[]", "true", f"1{'0' * 400}"])
async def test_an_age_that_makes_no_sense_is_none(server: Server, age: str) -> None:
    odd = f'{{"count": 3, "age_s": {age}, "value": 1, "max": 2}}'
    body = json.dumps(PRESENCE | {"person": "?", "progress": "?"}).replace('"?"', odd)
    server.answers["/gpubox/presence"] = (200, body)
    seen = await pulse(server.url)
    assert (seen.person_count, seen.person_age, seen.progress_count, seen.progress_age) == (3, None, 3, None)
    assert seen.progress_share == 0.5


@pytest.mark.parametrize("count", ["NaN", '"3"', "-1", "true", "[]"])
async def test_a_count_that_makes_no_sense_is_none(server: Server, count: str) -> None:
    body = json.dumps(PRESENCE | {"person": "?", "progress": "?"}).replace('"?"', f'{{"count": {count}, "age_s": 0}}')
    server.answers["/gpubox/presence"] = (200, body)
    seen = await pulse(server.url)
    assert (seen.person_count, seen.progress_count) == (None, None)


@pytest.mark.parametrize(("value", "most"), [("NaN", "8"), ("1", "NaN"), ("1e400", "1e400"), (f"1{'0' * 400}", "3")])
async def test_a_share_that_makes_no_sense_is_none(server: Server, value: str, most: str) -> None:
    odd = f'{{"count": 1, "age_s": 0, "value": {value}, "max": {most}}}'
    server.answers["/gpubox/presence"] = (200, json.dumps(PRESENCE | {"progress": "?"}).replace('"?"', odd))
    assert (await pulse(server.url)).progress_share is None


async def test_the_guards_veto_is_passed_on(server: Server) -> None:
    server.answers["/gpubox/presence"] = (200, json.dumps(PRESENCE | {"veto": "a download"}))
    assert (await pulse(server.url)).veto == "a download"


async def test_a_service_token_is_sent_as_a_bearer(server: Server) -> None:
    server.answers["/gpubox/presence"] = (200, json.dumps(PRESENCE))
    await pulse(server.url, token="t0ken")
    assert server.authorization == ["Bearer t0ken"]


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/gpubox/presence", (502, "Bad Gateway")),
        ("/gpubox/presence", (200, "<html>nginx</html>")),
        ("/gpubox/presence", (200, "[]")),
        ("/gpubox/presence", (200, "{}")),
        ("/gpubox/presence", (200, "[" * 100_000)),
        ("/gpubox/presence", (200, json.dumps(PRESENCE | {"queue": {"running": float("inf"), "pending": 0}}))),
        ("/prompt", (200, '{"exec_info": null}')),
        ("/prompt", (200, '{"exec_info": {"queue_remaining": Infinity}}')),
        ("/gpubox/presence", (200, json.dumps(PRESENCE | {"progress": [1]}))),
    ],
)
async def test_whatever_else_answers_there_is_not_comfyui(server: Server, path: str, answer: tuple[int, str]) -> None:
    server.answers[path] = answer
    with pytest.raises(ComfyUnreachable):
        await pulse(server.url)


async def test_nobody_at_home_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ComfyUnreachable):
            await pulse(f"http://127.0.0.1:{unused.getsockname()[1]}")


async def test_a_comfyui_that_hangs_is_unreachable_in_time() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(ComfyUnreachable):
            await pulse(f"http://127.0.0.1:{deaf.getsockname()[1]}", timeout_s=0.1)
