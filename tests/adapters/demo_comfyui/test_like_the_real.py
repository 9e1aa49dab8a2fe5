"""The demo's answers beside those of a real ComfyUI: what the real one says, the demo says in the same shape."""

from typing import Any

import pytest

pytestmark = pytest.mark.real_comfyui

Json = dict[str, Any]
# Where a picture node stands in a sidebar that the demo leaves to the page.
LEFT_OUT = {"essentials_category"}
SHARED_NODES = ("EmptyImage", "ImageScale", "ImageInvert", "LoadImage", "PreviewImage", "SaveImage")


def differences(real: Any, demo: Any, at: str = "") -> list[str]:
    """List where the demo lacks a key of the real one, or has another type. None fits everything."""
    if real is None or demo is None:
        return []
    if isinstance(real, dict) and isinstance(demo, dict):
        missing = [f"{at}.{key} is missing" for key in real if key not in demo and key not in LEFT_OUT]
        return missing + [
            line for key in real if key in demo for line in differences(real[key], demo[key], f"{at}.{key}")
        ]
    if isinstance(real, list) and isinstance(demo, list):
        return differences(real[0], demo[0], f"{at}[0]") if real and demo else []
    numbers = (int, float)
    alike = type(real) is type(demo) or (isinstance(real, numbers) and isinstance(demo, numbers))
    return [] if alike else [f"{at} is {type(demo).__name__}, not {type(real).__name__}"]


@pytest.mark.parametrize(
    "path",
    [
        *("/system_stats", "/features", "/users", "/i18n", "/embeddings", "/models", "/experiment/models"),
        *("/workflow_templates", "/prompt", "/queue", "/settings", "/extensions"),
        *("/internal/logs", "/internal/logs/raw", "/internal/files/output"),
        *(f"/object_info/{name}" for name in SHARED_NODES),
    ],
)
def test_answers_have_the_same_shape(real: Any, calm_demo: Any, path: str) -> None:
    answers = [server.http.get(path) for server in (real, calm_demo)]
    assert answers[0].status_code == answers[1].status_code
    assert differences(*(answer.json() for answer in answers)) == []


def test_shared_nodes_take_the_same_inputs(real: Any, calm_demo: Any) -> None:
    for name in SHARED_NODES:
        real_node, demo_node = (server.http.get(f"/object_info/{name}").json()[name] for server in (real, calm_demo))
        assert demo_node["input_order"]["required"] == real_node["input_order"]["required"]
        assert demo_node["output"] == real_node["output"] or name in {"PreviewImage", "SaveImage"}


def test_a_run_is_told_alike(real: Any, demo: Any, graph: Json) -> None:
    graph["1"]["inputs"]["color"] = 1  # unlike other tests, so that nothing is cached
    told = [[(kind, sorted(data)) for kind, data in server.run(graph)[1]] for server in (real, demo)]
    assert told[1] == told[0]
    again = [[(kind, sorted(data)) for kind, data in server.run(graph)[1]] for server in (real, demo)]
    assert again[1] == again[0]


def test_what_is_kept_of_a_run_is_alike(real: Any, demo: Any, graph: Json) -> None:
    kept = []
    for server in (real, demo):
        prompt_id, _heard = server.run(graph)
        kept.append(server.http.get(f"/history/{prompt_id}").json()[prompt_id])
    assert differences(kept[0], kept[1]) == []


@pytest.mark.parametrize("change", ["cut", "small", "list"])
def test_refusals_are_alike(real: Any, calm_demo: Any, graph: Json, change: str) -> None:
    del graph["3"]
    if change == "cut":
        del graph["4"]["inputs"]["images"]
    elif change == "small":
        graph["1"]["inputs"]["width"] = 0
    else:
        graph["2"]["inputs"]["crop"] = "no"
    answers = [server.http.post("/prompt", json={"prompt": graph}) for server in (real, calm_demo)]
    assert [answer.status_code for answer in answers] == [400, 400]
    refused = [answer.json() for answer in answers]
    assert differences(*refused) == []
    assert refused[0]["error"] == refused[1]["error"]
    kinds = [
        {node_id: [error["type"] for error in about["errors"]] for node_id, about in body["node_errors"].items()}
        for body in refused
    ]
    assert kinds[0] == kinds[1]


def test_files_of_a_person_are_kept_alike(real: Any, calm_demo: Any) -> None:
    name = "/api/userdata/workflows%2Falike.json"
    for method, path in [
        ("POST", f"{name}?full_info=true"),
        ("GET", "/api/userdata?dir=workflows&recurse=true&split=false&full_info=true"),
        ("POST", f"{name}?overwrite=false"),
        ("GET", "/api/userdata?dir=workflows&split=true"),
        ("POST", "/api/userdata/workflows/alike.json"),
        ("GET", "/api/userdata/workflows/alike.json"),
        ("GET", "/api/userdata?dir=..%2F.."),
        ("POST", f"{name}/move/workflows%2Fb.json"),
        ("DELETE", "/api/userdata/workflows%2Fb.json"),
        ("GET", name),
    ]:
        answers = [server.http.request(method, path, content=b"{}") for server in (real, calm_demo)]
        assert answers[0].status_code == answers[1].status_code, path
        if answers[0].headers.get("content-type", "").startswith("application/json"):
            assert differences(*(answer.json() for answer in answers)) == [], path
