"""The real ComfyUI on a box, from a new disk to its answers, and again without the internet: minutes and gigabytes.

Runs where COMFYUI_DIR names a folder with its files. torch comes from the ordinary index, whatever it brings along;
COMFYUI_TORCH names another than the newest, e.g. "torch<2.15".
"""

import json
import os
from pathlib import Path

import pytest
from starlette.applications import Starlette

from tests.support.container import CONTAINER_MARKS, GIB, ContainerBox, container_box
from tests.support.git_server import git_app
from tests.support.provisioned import FIRST_TAG, answers, log, problem, states, steps, told, wait_ready
from tests.support.real_repository import real_repository

pytestmark = [
    *CONTAINER_MARKS,
    pytest.mark.real_comfyui,
    pytest.mark.skipif("COMFYUI_DIR" not in os.environ, reason="COMFYUI_DIR does not name a real ComfyUI"),
]

_FIRST_WITHIN_S = 1800


def test_the_real_comfyui_is_installed_and_boots_again_without_the_internet(tmp_path: Path) -> None:
    source, torch = Path(os.environ["COMFYUI_DIR"]), os.environ.get("COMFYUI_TORCH", "")
    real_repository(source, tmp_path / "git" / "ComfyUI", FIRST_TAG, torch)
    with container_box(tmp_path, metadata=told(), disk_size=40 * GIB) as box:
        box.metadata["gpubox-comfyui-git"] = f"{box.serve(git_app(tmp_path / 'git'))}/ComfyUI"
        # No builds of torch's own index, so that the ordinary one is asked.
        box.metadata["gpubox-torch-index"] = box.serve(Starlette())
        box.boot()
        wait_ready(box, _FIRST_WITHIN_S)
        assert problem(box) == "", log(box)
        _answers_as_the_real_one(box)
        box.poweroff()
        box.wait_for_poweroff()

        box.cut_network()
        box.boot()
        wait_ready(box, 120)
        assert problem(box) == "", log(box)
        assert [code for code, state in states(box).items() if state != "done"] == []
        _answers_as_the_real_one(box)


def _answers_as_the_real_one(box: ContainerBox) -> None:
    box.wait_for(lambda: answers(box))
    told_by_it = json.loads(box.run("curl -fsS http://127.0.0.1:8188/system_stats").stdout)
    assert told_by_it["system"]["pytorch_version"]
    assert told_by_it["devices"][0]["type"] == "cpu"
    nodes = json.loads(box.run("curl -fsS http://127.0.0.1:8188/object_info").stdout)
    assert {"KSampler", "CheckpointLoaderSimple", "SaveImage"} <= set(nodes)
    print({code: step.get("took_s") for code, step in steps(box).items()})  # noqa: T201 - seen with -s
    log_of_it = box.journal("comfyui.service")
    assert "gpubox_presence" in log_of_it
    assert "IMPORT FAILED" not in log_of_it
