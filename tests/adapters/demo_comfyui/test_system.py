"""What the demo says of itself, whom it answers, and what it loads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from manager.adapters.embedded.demo_comfyui.frontend import Frontend
from manager.adapters.embedded.demo_comfyui.guard import is_foreign
from manager.adapters.embedded.demo_comfyui.model_paths import custom_node_folders
from manager.adapters.embedded.demo_comfyui.options import parse_options


@pytest.mark.parametrize(
    "path",
    [
        *("system_stats", "features", "object_info", "object_info/SaveImage", "prompt", "queue", "history"),
        *("settings", "users", "i18n", "extensions", "embeddings", "models", "models/loras", "experiment/models"),
        *("experiment/models/vae", "workflow_templates", "global_subgraphs", "node_replacements", "jobs"),
    ],
)
def test_every_route_is_there_with_and_without_api(calm_demo: Any, path: str) -> None:
    answers = [calm_demo.http.get(f"{prefix}/{path}") for prefix in ("", "/api")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].headers["content-type"].startswith("application/json")


def test_it_says_that_it_is_a_demo(calm_demo: Any) -> None:
    stats = calm_demo.http.get("/system_stats").json()
    assert [device["name"] for device in stats["devices"]] == ["demo without a GPU"]
    assert "demo" in stats["system"]["comfyui_version"]
    assert "no GPU" in calm_demo.http.get("/internal/logs").json()


def test_what_it_does_not_have_is_not_there(calm_demo: Any) -> None:
    assert calm_demo.http.get("/models/absent").status_code == 404
    assert calm_demo.http.get("/object_info/KSampler").json() == {}
    assert calm_demo.http.get("/assets").status_code == 503
    assert calm_demo.http.get("/internal/files/absent").status_code == 400


def test_the_log_comes_to_the_page_that_asks_for_it(demo: Any) -> None:
    raw = demo.http.get("/internal/logs/raw").json()
    assert set(raw["entries"][0]) == {"t", "m"}
    ear = demo.ear()
    for enabled in (True, False):
        demo.http.patch("/internal/logs/subscribe", json={"clientId": ear.client_id, "enabled": enabled})
        demo.http.post("/prompt", json={})
    kind, data = ear.next()
    assert (kind, data["entries"][0]["m"]) == ("logs", "got prompt\n")


def test_files_are_listed_newest_first(demo: Any, graph: dict[str, Any]) -> None:
    demo.run(graph)
    assert demo.http.get("/internal/files/output").json() == ["picture_00001_.png [output]"]
    assert demo.http.get("/internal/folder_paths").status_code == 200


def test_it_serves_the_official_page(calm_demo: Any) -> None:
    page = calm_demo.http.get("/")
    assert "<title>ComfyUI</title>" in page.text
    assert page.headers["cache-control"].startswith("no-store")
    assert "connect-src 'self'" in page.headers["content-security-policy"]
    assert "frame-ancestors" not in page.headers["content-security-policy"]
    assert "x-frame-options" not in page.headers
    assert calm_demo.http.get("/scripts/app.js").headers["cache-control"] == "no-cache"


def test_without_the_extra_the_page_says_what_is_missing(start: Callable[..., Any]) -> None:
    demo = start(frontend=Frontend(None, ""))
    page = demo.http.get("/")
    assert page.status_code == 503
    assert "gpubox[demo]" in page.text
    assert demo.http.get("/system_stats").status_code == 200


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({"host": "127.0.0.1:8188"}, False),
        ({"host": "127.0.0.1:8188", "origin": "http://127.0.0.1:8188"}, False),
        ({"host": "127.0.0.1:8188", "origin": "http://127.0.0.1:9999"}, True),
        ({"host": "127.0.0.1:8188", "origin": "http://evil.example"}, True),
        ({"host": "127.0.0.7:8188", "origin": "http://127.0.0.1:8188"}, True),
        ({"host": "localhost:8188", "origin": "http://localhost:8188"}, False),
        ({"host": "[::1]:8188", "origin": "http://evil.example:8188"}, True),
        ({"host": "127.0.0.1", "origin": "http://127.0.0.1:80"}, False),
        # A public name is the gate's to guard, as with ComfyUI.
        ({"host": "comfy.example", "origin": "http://evil.example"}, False),
        ({"host": "comfy.example", "sec-fetch-site": "cross-site"}, True),
        ({"host": "127.0.0.1:8188", "sec-fetch-site": "same-site"}, False),
        ({"host": "127.0.0.1:8188", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, True),
        ({"host": "127.0.0.1:8188", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
    ],
)
def test_other_sites_are_refused(headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign(Headers(headers)) is foreign


def test_a_form_of_another_site_is_refused() -> None:
    assert is_foreign(Headers({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}), "POST")


def test_other_sites_are_refused_on_the_websocket_too(calm_demo: Any) -> None:
    assert calm_demo.http.get("/queue", headers={"Origin": "http://evil.example"}).status_code == 403
    url = f"{calm_demo.url.replace('http', 'ws')}/ws"
    with pytest.raises(InvalidStatus, match="403"), connect(url, additional_headers={"Origin": "http://evil.example"}):
        pass


def test_flags_of_the_real_one_are_accepted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    flags = ["--listen", "127.0.0.5", "--port", "9", "--base-directory", str(tmp_path), "--cpu"]
    options = parse_options([*flags, "--extra-model-paths-config", "a.yaml", "b.yaml", "--preview-method", "auto"])
    assert (options.listen, options.port, options.base_directory) == ("127.0.0.5", 9, tmp_path)
    assert options.extra_model_paths == (Path("a.yaml"), Path("b.yaml"))
    assert capsys.readouterr().err == "The demo ComfyUI ignores: --cpu --preview-method auto\n"


def test_folders_of_custom_nodes_are_read(tmp_path: Path) -> None:
    file = tmp_path / "paths.yaml"
    file.write_text(
        "# written by hand\n"
        "first:\n"
        "    base_path: /opt/box  # the disk\n"
        "    custom_nodes: 'nodes'\n"
        "    checkpoints: models\n"
        "second:\n"
        "  loras: |\n"
        "    a\n"
        "    b\n"
        "  custom_nodes: |\n"
        "    /one\n"
        "\n"
        "    two\n"
    )
    assert custom_node_folders(file) == [Path("/opt/box/nodes"), Path("/one"), tmp_path / "two"]


def test_gpuboxs_own_node_is_loaded(start: Callable[..., Any], paths_file: Path) -> None:
    demo = start(extra_model_paths=(paths_file,))
    assert demo.http.get("/api/gpubox/presence").json()["queue"] == {"running": 0, "pending": 0}
    (script,) = [path for path in demo.http.get("/extensions").json() if "gpubox_presence" in path]
    assert script == "/extensions/gpubox_presence/presence.js"
    assert "isTrusted" in demo.http.get(script).text


def test_a_custom_node_that_fails_is_named_and_left_out(start: Callable[..., Any], tmp_path: Path) -> None:
    broken = tmp_path / "base" / "custom_nodes" / "broken"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("import torch_that_is_not_there\n")
    (broken.parent / "no_package").mkdir()
    demo = start()
    assert "IMPORT FAILED" in demo.http.get("/internal/logs").json()
