"""An upstream for all tests of a module, and a world and boxes for each."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from box import REPOSITORY, Box, free_port, wait_until
from world import World


@pytest.fixture(scope="session")
def comfyui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The demo ComfyUI's port."""
    port, folder = free_port(), tmp_path_factory.mktemp("comfyui")
    (folder / "custom_nodes").mkdir()
    command = [sys.executable, "-m", "manager.adapters.embedded.demo_comfyui", "--port", str(port)]
    command += ["--base-directory", str(folder), "--max-upload-size", "10240"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/system_stats"))
        yield port
        running.kill()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def world() -> Iterator[World]:
    with World() as running:
        yield running


@pytest.fixture
def make_box(world: World, comfyui: int) -> Iterator[Callable[..., Box]]:
    """`make_box(**attributes)`; each is ended after the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Box(world, comfyui, **settings))
