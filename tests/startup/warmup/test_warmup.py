import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gpubox_agent.warmup.history import latest_graphs
from gpubox_agent.warmup.reading import available_bytes, warm
from gpubox_agent.warmup.used import LastUsed, graphs_of_history, models_of

MIB = 1 << 20
REPOSITORY = Path(__file__).parents[3]


def model(folder: Path, name: str, size: int = 16 * MIB) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"m" * size)
    return path


def graph(**inputs: Any) -> dict[str, Any]:
    return {"4": {"class_type": "CheckpointLoaderSimple", "inputs": inputs}}


def history(*graphs: dict[str, Any]) -> dict[str, Any]:
    return {f"id{number}": {"prompt": [number, f"id{number}", each, {}, []]} for number, each in enumerate(graphs)}


def test_the_newest_graph_comes_first() -> None:
    assert graphs_of_history(history(graph(a=1), graph(a=2))) == [graph(a=2), graph(a=1)]


@pytest.mark.parametrize(
    "body", ["null", "[]", '{"a": 7}', '{"a": {"prompt": [1]}}', '{"a": {"prompt": ["x", 2, {}]}}']
)
def test_a_history_that_makes_no_sense_has_no_graphs(body: str) -> None:
    assert graphs_of_history(json.loads(body)) == []


def test_what_a_graph_names_and_the_disk_holds_was_used(tmp_path: Path) -> None:
    model(tmp_path, "checkpoints/sdxl.safetensors", 10)
    model(tmp_path, "loras/sdxl/detail.safetensors", 10)
    (tmp_path.parent / "secret").write_text("x", encoding="utf-8")
    read = graph(
        ckpt_name="sdxl.safetensors", any_name="sdxl/detail.safetensors", text="a cat", seed=7, model=["3", 0]
    ) | {"5": {"inputs": {"a": "../../secret", "b": "/etc/passwd", "c": "", "d": "gone.safetensors"}}, "6": None}
    assert models_of(read, tmp_path) == ["checkpoints/sdxl.safetensors", "loras/sdxl/detail.safetensors"]


def test_the_last_used_is_kept_in_mind_first(tmp_path: Path) -> None:
    for name in ("a", "b"):
        model(tmp_path / "models", f"checkpoints/{name}", 10)
    last = LastUsed(tmp_path / "used.json", tmp_path / "models")
    assert last.used(["checkpoints/a"])
    assert last.used(["checkpoints/b"])
    assert not last.used(["checkpoints/b", "checkpoints/a"])
    (tmp_path / "models" / "checkpoints" / "a").unlink()
    again = LastUsed(tmp_path / "used.json", tmp_path / "models")
    assert again.files == ["checkpoints/b", "checkpoints/a"]
    assert again.paths() == [tmp_path / "models" / "checkpoints" / "b"]


def test_a_damaged_memory_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "used.json").write_text('{"files": ["../../etc/passwd", 7, "a"]}', encoding="utf-8")
    assert LastUsed(tmp_path / "used.json", tmp_path).files == ["a"]
    (tmp_path / "used.json").write_text("{", encoding="utf-8")
    assert LastUsed(tmp_path / "used.json", tmp_path).files == []


def test_files_are_read_as_long_as_there_is_memory(tmp_path: Path) -> None:
    files = [model(tmp_path, "a"), model(tmp_path, "b", 64 * MIB), model(tmp_path, "c")]
    assert warm(files, lambda: 200 * MIB, reserve=100 * MIB) == 96 * MIB
    assert warm(files, lambda: 140 * MIB, reserve=100 * MIB) == 32 * MIB, "the one in the middle does not fit"
    assert warm(files, lambda: 0, reserve=100 * MIB) == 0


def test_it_stops_where_memory_becomes_short_meanwhile(tmp_path: Path) -> None:
    left = iter([200 * MIB, 200 * MIB, 50 * MIB])
    assert warm([model(tmp_path, "a", 64 * MIB), model(tmp_path, "b")], lambda: next(left), reserve=40 * MIB) == 8 * MIB


def test_it_stops_when_it_is_told_to(tmp_path: Path) -> None:
    assert warm([model(tmp_path, "a")], lambda: 10**12, reserve=0, done=lambda: True) == 0


def test_a_file_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    files = [tmp_path / "gone", tmp_path / "folder", model(tmp_path, "a")]
    assert warm(files, lambda: 10**12, reserve=0) == 16 * MIB


def test_the_kernel_tells_how_much_memory_there_is(tmp_path: Path) -> None:
    assert available_bytes() > 0
    assert available_bytes(tmp_path / "none") == 0


@pytest.fixture
async def comfyui() -> AsyncIterator[tuple[str, dict[str, Any]]]:
    bodies: dict[str, Any] = {"body": {}}

    async def answer(request: web.Request) -> web.Response:
        assert int(request.query["max_items"]) < 10
        return web.json_response(bodies["body"])

    app = web.Application()
    app.router.add_get("/history", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/"), bodies


async def test_comfyui_is_asked_for_its_latest_graphs_only(comfyui: tuple[str, dict[str, Any]]) -> None:
    url, bodies = comfyui
    bodies["body"] = history(graph(ckpt_name="x"))
    async with aiohttp.ClientSession() as session:
        assert await latest_graphs(session, url) == [graph(ckpt_name="x")]
        assert await latest_graphs(session, "http://127.0.0.1:9") == []


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - another program brings it about
            await asyncio.sleep(0.02)


async def test_at_its_end_the_program_asks_once_more(tmp_path: Path, comfyui: tuple[str, dict[str, Any]]) -> None:
    url, bodies = comfyui
    model(tmp_path / "base" / "models", "checkpoints/x.safetensors")
    used = tmp_path / "gpubox" / "warmup" / "used.json"
    used.parent.mkdir(parents=True)
    used.write_text('{"files": ["checkpoints/x.safetensors"]}', encoding="utf-8")
    log = (tmp_path / "log").open("wb")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gpubox_agent.warmup",
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY / "startup" / "agent"),
            "GPUBOX_DATA": str(tmp_path),
            "GPUBOX_COMFYUI_URL": url,
        },
        stderr=log,
    )
    try:
        await until(lambda: b"x.safetensors" in (tmp_path / "log").read_bytes())
        model(tmp_path / "base" / "models", "loras/y.safetensors", 10)
        bodies["body"] = history(graph(lora_name="y.safetensors"))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        log.close()
    assert json.loads(used.read_bytes())["files"] == ["loras/y.safetensors", "checkpoints/x.safetensors"]
