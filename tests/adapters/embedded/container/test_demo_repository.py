"""The demo ComfyUI as a repository: cloned and started inside a box, as provisioning does."""

from pathlib import Path

import httpx

from tests.support.container import CONTAINER_MARKS, container_box
from tests.support.demo_repository import DemoRepository
from tests.support.git_server import git_app

pytestmark = CONTAINER_MARKS


def test_a_box_clones_a_tag_and_runs_it(tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    repository = DemoRepository(tmp_path / "git" / "ComfyUI", frontend=False)
    first = repository.release("v1")
    repository.release("v2", broken="exits")
    with container_box(tmp_path / "box", disk=None) as box:
        url = f"{box.serve(git_app(tmp_path / 'git'))}/ComfyUI"
        box.boot()

        box.run(f"git clone --quiet --depth 1 --branch v1 {url} /opt/ComfyUI", timeout=30)

        assert box.run("git -C /opt/ComfyUI rev-parse HEAD").stdout.strip() == first
        box.run(
            "python3 -m venv /opt/venv && /opt/venv/bin/pip -q install -r /opt/ComfyUI/requirements.txt", timeout=120
        )
        box.run(
            "systemd-run --unit=comfyui --working-directory=/opt/ComfyUI /opt/venv/bin/python main.py --listen 0.0.0.0"
        )
        box.wait_for(lambda: box.run("curl -sf http://127.0.0.1:8188/system_stats", check=False).returncode == 0)
        answer = httpx.get(f"http://{box.address}:8188/system_stats", trust_env=False)
        assert answer.json()["system"]["comfyui_version"]

        box.run(f"git clone --quiet --depth 1 --branch v2 {url} /opt/broken", timeout=30)
        assert box.run("cd /opt/broken && /opt/venv/bin/python main.py", check=False).returncode == 1
