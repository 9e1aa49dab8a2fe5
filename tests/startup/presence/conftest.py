"""The presence node loaded from its folder, and ComfyUIs to load it into: the demo and, if there is one, a real."""

import os
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import IO, Any

import httpx
import pytest

from tests.support.chromium import chromium

REPOSITORY = Path(__file__).parents[3]
NODE = REPOSITORY / "startup" / "custom_nodes" / "gpubox_presence"


def load_node(name: str) -> ModuleType:
    spec = spec_from_file_location(name, NODE / "__init__.py", submodule_search_locations=[str(NODE)])
    assert spec
    assert spec.loader
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def node() -> Iterator[ModuleType]:
    """The package, as ComfyUI loads it."""
    yield load_node("gpubox_presence_under_test")
    forget("gpubox_presence_under_test")


def forget(name: str) -> None:
    for known in [known for known in sys.modules if known == name or known.startswith(f"{name}.")]:
        del sys.modules[known]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(params=["demo", pytest.param("real", marks=pytest.mark.real_comfyui)])
def comfyui(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[httpx.Client]:
    """A ComfyUI that has loaded the node from a folder which an extra-model-paths file names."""
    paths = tmp_path / "paths.yaml"
    paths.write_text(f"gpubox:\n  custom_nodes: {NODE.parent}\n")
    (tmp_path / "base" / "custom_nodes").mkdir(parents=True)  # newer ComfyUIs end where it is absent
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    command, folder = _command(request.param)
    command += ["--listen", "127.0.0.1", "--port", str(port), "--base-directory", str(tmp_path / "base")]
    command += ["--extra-model-paths-config", str(paths)]
    with (
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        lines: list[str] = []
        listens = threading.Event()
        # Read to its end, so that the pipe never fills up.
        threading.Thread(target=_read, args=(running.stdout, lines, listens)).start()
        try:
            assert listens.wait(120), "".join(lines)
            yield client
        finally:
            running.kill()


def _read(output: IO[str], lines: list[str], listens: threading.Event) -> None:
    for line in output:
        lines.append(line)
        if "To see the GUI go to" in line:
            listens.set()


def _command(kind: str) -> tuple[list[str], Path]:
    if kind == "demo":
        return [sys.executable, "-m", "manager.adapters.embedded.demo_comfyui"], REPOSITORY
    if not os.environ.get("COMFYUI_DIR"):
        pytest.skip("no real ComfyUI here: COMFYUI_DIR is not set")
    folder = Path(os.environ["COMFYUI_DIR"])
    venvs = [folder / name / "bin" / "python" for name in (".venv", "venv")]
    found = next((str(path) for path in venvs if path.exists()), "python3")
    python = os.environ.get("COMFYUI_PYTHON") or found
    return [python, "-B", "main.py", *shlex.split(os.environ.get("COMFYUI_ARGS", ""))], folder
