"""One box for all tests of a file, and somebody who has come in."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from box import Box
from under_a_domain import NAMED, ORIGIN, behind_a_domain
from world import World


@pytest.fixture(scope="module")
def box(comfyui: int) -> Iterator[Box]:
    """Nothing here changes it, but for who has a session."""
    with World() as world, ExitStack() as stack:
        yield behind_a_domain(lambda **settings: stack.enter_context(Box(world, comfyui, **settings)), world)


@pytest.fixture
def visitor(box: Box) -> Iterator[httpx.Client]:
    """Somebody who has come in through the panel."""
    with box.client(headers=NAMED) as client:
        assert box.speak(client).status_code == 200
        entered = client.post("/_gpubox/enter", json={"ticket": box.ticket()}, headers={"Origin": ORIGIN})
        assert entered.status_code == 204, entered.text
        client.headers["Cookie"] = entered.headers["Set-Cookie"].partition(";")[0]
        yield client
