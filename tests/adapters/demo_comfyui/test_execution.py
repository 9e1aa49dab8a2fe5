"""What a page hears while prompts run: ComfyUI's messages, in ComfyUI's order."""

import io
import json
from typing import Any

import pytest
from PIL import Image

Json = dict[str, Any]


def kinds(heard: list[tuple[Any, Any]]) -> list[Any]:
    return [kind for kind, _data in heard]


def test_a_run_is_told_in_comfyuis_order(demo: Any, graph: Json) -> None:
    del graph["3"]
    _id, heard = demo.run(graph)
    assert kinds(heard) == [
        *("status", "status", "execution_start", "execution_cached"),
        *("progress_state", "executing", "progress_state"),
        *("progress_state", "executing", "progress_state"),
        *("progress_state", "executing", "executed", "progress_state"),
        *("execution_success", "status", "executing"),
    ]
    remaining = [data["status"]["exec_info"]["queue_remaining"] for kind, data in heard if kind == "status"]
    assert remaining == [1, 1, 0]
    assert [data["node"] for kind, data in heard if kind == "executing"] == ["1", "2", "4", None]


def test_each_page_gets_its_id_and_the_queue_first(demo: Any) -> None:
    ear = demo.ear()
    status = {"exec_info": {"queue_remaining": 0}}
    assert ear.greeting == ("status", {"status": status, "sid": ear.client_id})
    assert ear.features[0] == "feature_flags"
    assert ear.features[1]["supports_preview_metadata"] is True


def test_a_step_has_a_state_a_preview_and_a_progress(demo: Any, slow_graph: Json) -> None:
    prompt_id, heard = demo.run(slow_graph)
    first = next(index for index, (kind, _data) in enumerate(heard) if kind == 4)
    assert kinds(heard[first - 1 : first + 5]) == ["progress_state", 4, "progress", "progress_state", 4, "progress"]
    state = heard[first - 1][1]["nodes"]["2"]
    assert (state["value"], state["max"], state["state"]) == (1, 2, "running")
    assert heard[first + 1][1] == {"value": 1, "max": 2, "prompt_id": prompt_id, "node": "2"}
    length = int.from_bytes(heard[first][1][:4], "big")
    about = json.loads(heard[first][1][4 : 4 + length])
    assert about["node_id"] == "2"
    assert about["image_type"] == "image/jpeg"
    assert Image.open(io.BytesIO(heard[first][1][4 + length :])).size == (512, 384)


def test_a_page_without_the_feature_gets_the_older_preview(demo: Any, slow_graph: Json) -> None:
    ear = demo.ear(features=False)
    demo.queue(slow_graph, client_id=ear.client_id)
    previews = [data for kind, data in ear.to_the_end() if kind == 1]
    assert [data[:6] for data in previews] == [b"\0\0\0\1\xff\xd8"] * 2


def test_what_has_run_is_cached(demo: Any, graph: Json) -> None:
    demo.run(graph)
    _id, heard = demo.run(graph)
    assert dict(heard)["execution_cached"]["nodes"] == ["1", "2", "3", "4"]
    assert kinds(heard) == [
        *("status", "status", "execution_start", "execution_cached"),
        *("executed", "progress_state", "executed", "progress_state"),
        *("execution_success", "status", "executing"),
    ]


def test_a_change_runs_what_depends_on_it(demo: Any, graph: Json) -> None:
    demo.run(graph)
    graph["2"]["inputs"]["width"] = 16
    _id, heard = demo.run(graph)
    assert dict(heard)["execution_cached"]["nodes"] == ["1"]
    assert [data["node"] for kind, data in heard if kind == "executing"] == ["2", "3", "4", None]


def test_freed_memory_forgets_the_cache(demo: Any, graph: Json) -> None:
    demo.run(graph)
    assert demo.http.post("/free", json={"free_memory": True}).status_code == 200
    _id, heard = demo.run(graph)
    assert dict(heard)["execution_cached"]["nodes"] == []


def test_the_same_seed_gives_the_same_picture(demo: Any, slow_graph: Json) -> None:
    demo.run(slow_graph)
    demo.http.post("/free", json={"free_memory": True})
    demo.run(slow_graph)
    pictures = [demo.http.get("/view", params={"filename": f"slow_0000{n}_.png"}).content for n in (1, 2)]
    assert pictures[0] == pictures[1]


def test_without_a_client_only_steps_are_told_and_to_everybody(demo: Any, slow_graph: Json) -> None:
    ear = demo.ear()
    demo.queue(slow_graph)
    heard = ear.until(lambda kind, data: kind == "status" and not data["status"]["exec_info"]["queue_remaining"])
    assert set(kinds(heard)) == {"status", "progress_state", "progress", 1}


def test_other_pages_hear_only_the_status(demo: Any, graph: Json) -> None:
    other = demo.ear()
    demo.run(graph)
    heard = other.until(lambda _kind, data: not data["status"]["exec_info"]["queue_remaining"])
    assert set(kinds(heard)) == {"status"}


def test_a_page_that_comes_back_learns_what_runs(demo: Any, slow_graph: Json) -> None:
    slow_graph["2"]["inputs"]["seconds"] = 3600
    ear = demo.ear()
    demo.queue(slow_graph, client_id=ear.client_id)
    ear.until(lambda kind, data: kind == "executing" and data["node"] == "2")
    again = demo.ear(features=False, client_id=ear.client_id)
    assert again.next() == ("executing", {"node": "2"})


@pytest.mark.parametrize("by_id", [True, False])
def test_an_interrupt_ends_the_run(demo: Any, slow_graph: Json, by_id: bool) -> None:
    slow_graph["2"]["inputs"]["seconds"] = 3600
    ear = demo.ear()
    prompt_id = demo.queue(slow_graph, client_id=ear.client_id)["prompt_id"]
    ear.until(lambda kind, data: kind == "executing" and data["node"] == "2")
    # An id that does not run is no reason to stop what does.
    demo.http.post("/interrupt", json={"prompt_id": "another"})
    demo.http.post("/interrupt", json={"prompt_id": prompt_id} if by_id else None)
    heard = ear.to_the_end()
    assert kinds(heard) == ["execution_interrupted", "status", "executing"]
    assert (heard[0][1]["node_id"], heard[0][1]["node_type"]) == ("2", "DemoSlowRender")
    assert heard[0][1]["executed"] == ["1"]
    status = demo.http.get(f"/history/{prompt_id}").json()[prompt_id]["status"]
    assert (status["status_str"], status["completed"]) == ("error", False)
    assert demo.run(slow_graph | {"2": slow_graph["2"] | {"inputs": {"image": ["1", 0], "seconds": 0, "steps": 1}}})


def test_an_error_of_a_node_is_told_and_the_next_prompt_runs(demo: Any, graph: Json) -> None:
    graph["4"]["inputs"]["filename_prefix"] = "../../outside"
    prompt_id, heard = demo.run(graph)
    error = dict(heard)["execution_error"]
    assert error["node_id"] == "4"
    assert error["exception_type"] == "ValueError"
    assert "not allowed" in error["exception_message"]
    assert demo.http.get(f"/api/jobs/{prompt_id}").json()["status"] == "failed"
    graph["4"]["inputs"]["filename_prefix"] = "inside/of"
    _id, heard = demo.run(graph)
    assert (demo.base / "output" / "inside" / "of_00001_.png").is_file()


def test_the_saved_picture_carries_its_graph(demo: Any, graph: Json) -> None:
    demo.run(graph, extra_data={"extra_pnginfo": {"workflow": {"id": "w"}}})
    with Image.open(demo.base / "output" / "picture_00001_.png") as image:
        assert image.size == (32, 24)
        assert image.getpixel((0, 0)) == (0, 0, 255)
        text = image.info
    assert json.loads(text["prompt"])["4"]["class_type"] == "SaveImage"
    assert json.loads(text["workflow"]) == {"id": "w"}
