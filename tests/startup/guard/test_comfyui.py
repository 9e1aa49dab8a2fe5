from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gpubox_agent.guard.comfyui import HttpComfyUi
from gpubox_agent.guard.look import Look

PRESENCE: dict[str, Any] = {
    "version": 1,
    "person": {"count": 3, "age_s": 12.5},
    "queue": {"running": 1, "pending": 2},
    "progress": {"count": 40, "age_s": 0.4, "value": 7, "max": 20, "node": "5", "prompt_id": "x"},
    "boot_id": "b",
}


class Answers:
    """What a server answers at each path; nothing is 404."""

    def __init__(self) -> None:
        self.bodies: dict[str, object] = {}
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        if request.path not in self.bodies:
            return web.Response(status=404)
        body = self.bodies[request.path]
        if isinstance(body, str):
            return web.Response(text=body, status=self.status)
        return web.json_response(body, status=self.status)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
async def comfyui(answers: Answers) -> AsyncIterator[HttpComfyUi]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answers.answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield HttpComfyUi(session, str(server.make_url("")).rstrip("/"))


async def test_presence_tells_everything(comfyui: HttpComfyUi, answers: Answers) -> None:
    answers.bodies["/gpubox/presence"] = PRESENCE
    assert await comfyui.look() == Look(3, "b", 3, 12.5, 40, 0.4)


async def test_without_the_node_the_queues_length_is_known_at_least(comfyui: HttpComfyUi, answers: Answers) -> None:
    answers.bodies["/prompt"] = {"exec_info": {"queue_remaining": 2}}
    assert await comfyui.look() == Look(queue=2)


async def test_a_node_that_cannot_see_the_queue_leaves_it_to_comfyui(comfyui: HttpComfyUi, answers: Answers) -> None:
    answers.bodies["/gpubox/presence"] = {**PRESENCE, "queue": None, "progress": None}
    answers.bodies["/prompt"] = {"exec_info": {"queue_remaining": 1}}
    assert await comfyui.look() == Look(1, "b", 3, 12.5)


@pytest.mark.parametrize("body", ["not JSON", "", [], {"queue": {}}, {"exec_info": {}}])
async def test_an_answer_that_cannot_be_used_is_unknown(comfyui: HttpComfyUi, answers: Answers, body: object) -> None:
    answers.bodies["/gpubox/presence"] = body
    assert await comfyui.look() is None
    answers.bodies = {"/prompt": body}
    assert await comfyui.look() is None


async def test_an_error_of_the_server_is_unknown_and_no_missing_node(comfyui: HttpComfyUi, answers: Answers) -> None:
    answers.bodies = {"/gpubox/presence": PRESENCE, "/prompt": {"exec_info": {"queue_remaining": 0}}}
    answers.status = 500
    assert await comfyui.look() is None


async def test_nobody_there_is_unknown() -> None:
    async with aiohttp.ClientSession() as session:
        assert await HttpComfyUi(session, "http://127.0.0.1:9").look() is None
