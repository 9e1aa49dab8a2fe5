"""How prompts get in: what is refused and how, who runs first, how those that wait are dropped."""

from collections.abc import Callable
from typing import Any

import pytest

Json = dict[str, Any]


def refusal(demo: Any, **body: Any) -> Json:
    answer = demo.http.post("/prompt", json=body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "node_errors"}
    assert set(answer.json()["error"]) == {"type", "message", "details", "extra_info"}
    return answer.json()


def only_error(demo: Any, graph: Json, node_id: str) -> Json:
    """Give the one error of the one node that the page would mark."""
    refused = refusal(demo, prompt=graph)
    assert refused["error"]["type"] == "prompt_outputs_failed_validation"
    assert list(refused["node_errors"]) == [node_id]
    (error,) = refused["node_errors"][node_id]["errors"]
    return error


def test_a_prompt_is_answered_with_its_number(demo: Any, graph: Json) -> None:
    answers = [demo.queue(graph) for _ in range(2)]
    assert [answer["number"] for answer in answers] == [0, 1]
    assert answers[0]["node_errors"] == {}
    assert answers[0]["prompt_id"] != answers[1]["prompt_id"]


def test_a_prompt_keeps_the_id_it_is_given(demo: Any, graph: Json) -> None:
    wanted = "5b0a2a0e-2f6a-4b7c-8d8e-3d2c1b0a9f8e"
    assert demo.queue(graph, prompt_id=wanted)["prompt_id"] == wanted
    assert refusal(demo, prompt=graph, prompt_id=wanted.upper())["error"]["type"] == "invalid_prompt_id"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "no_prompt"),
        ({"prompt": []}, "invalid_prompt"),
        ({"prompt": {}}, "prompt_no_outputs"),
        ({"prompt": {"1": {"class_type": "KSampler", "inputs": {}}}}, "missing_node_type"),
        ({"prompt": {"1": {"inputs": {}}}}, "missing_node_type"),
        ({"prompt": {"1": {"class_type": "DemoNoise", "inputs": {}}}}, "prompt_no_outputs"),
    ],
)
def test_what_is_no_prompt_is_refused(calm_demo: Any, body: Json, kind: str) -> None:
    assert refusal(calm_demo, **body)["error"]["type"] == kind


@pytest.mark.parametrize(
    ("change", "node_id", "kind"),
    [
        (lambda graph: graph["1"]["inputs"].pop("width"), "1", "required_input_missing"),
        (lambda graph: graph["1"]["inputs"].update(width=0), "1", "value_smaller_than_min"),
        (lambda graph: graph["1"]["inputs"].update(width=10**6), "1", "value_bigger_than_max"),
        (lambda graph: graph["1"]["inputs"].update(width="wide"), "1", "invalid_input_type"),
        (lambda graph: graph["2"]["inputs"].update(crop="no"), "2", "value_not_in_list"),
        (lambda graph: graph["2"]["inputs"].update(image=["99", 0]), "2", "bad_linked_input"),
        (lambda graph: graph["2"]["inputs"].update(image=["1", 5]), "2", "bad_linked_input"),
        (lambda graph: graph["2"]["inputs"].update(image=["1"]), "2", "bad_linked_input"),
        (lambda graph: graph["2"]["inputs"].update(width=["1", 0]), "2", "return_type_mismatch"),
    ],
)
def test_a_wrong_input_is_told_at_its_node(
    calm_demo: Any, graph: Json, change: Callable[[Json], object], node_id: str, kind: str
) -> None:
    change(graph)
    error = only_error(calm_demo, graph, node_id)
    assert error["type"] == kind
    assert error["extra_info"]["input_name"]


def test_a_cycle_is_told_at_each_of_its_nodes(calm_demo: Any, graph: Json) -> None:
    graph["2"]["inputs"]["image"] = ["4", 0]
    errors = refusal(calm_demo, prompt=graph)["node_errors"]
    assert {node_id: [error["type"] for error in about["errors"]] for node_id, about in errors.items()} == {
        "2": ["dependency_cycle"],
        "4": ["dependency_cycle"],
    }


def test_one_good_output_is_enough(demo: Any, graph: Json) -> None:
    del graph["3"]["inputs"]["images"]
    ear = demo.ear()
    answer = demo.queue(graph, client_id=ear.client_id)
    assert answer["node_errors"]["3"]["dependent_outputs"] == ["3"]
    assert [data["node"] for kind, data in ear.to_the_end() if kind == "executed"] == ["4"]


def test_only_the_outputs_asked_for_run(demo: Any, graph: Json) -> None:
    _id, heard = demo.run(graph, partial_execution_targets=["3"])
    assert [data["node"] for kind, data in heard if kind == "executed"] == ["3"]


@pytest.fixture
def busy(demo: Any, slow_graph: Json) -> Any:
    """A demo that renders for an hour, and its page."""
    slow_graph["2"]["inputs"]["seconds"] = 3600
    ear = demo.ear()
    demo.running = demo.queue(slow_graph, client_id=ear.client_id)["prompt_id"]
    ear.until(lambda kind, data: kind == "executing" and data["node"] == "2")
    return demo


def waiting(demo: Any) -> list[str]:
    return [item[1] for item in demo.http.get("/queue").json()["queue_pending"]]


def test_the_queue_counts_what_runs_and_what_waits(busy: Any, graph: Json) -> None:
    busy.queue(graph, extra_data={"api_key_comfy_org": "secret", "mine": 1})
    assert busy.http.get("/prompt").json() == {"exec_info": {"queue_remaining": 2}}
    (running,) = busy.http.get("/queue").json()["queue_running"]
    (pending,) = busy.http.get("/queue").json()["queue_pending"]
    assert running[1] == busy.running
    assert [type(part) for part in pending] == [int, str, dict, dict, list]
    assert pending[3]["mine"] == 1
    assert "api_key_comfy_org" not in pending[3]


def test_front_and_number_decide_who_is_next(busy: Any, graph: Json) -> None:
    last = busy.queue(graph)["prompt_id"]
    first = busy.queue(graph, front=True)["prompt_id"]
    middle = busy.queue(graph, number=0.5)["prompt_id"]
    assert waiting(busy) == [first, middle, last]


def test_waiting_prompts_are_dropped(busy: Any, graph: Json) -> None:
    ids = [busy.queue(graph)["prompt_id"] for _ in range(3)]
    busy.http.post("/queue", json={"delete": [ids[1]]})
    assert waiting(busy) == [ids[0], ids[2]]
    busy.http.post("/queue", json={"clear": True})
    assert waiting(busy) == []
    assert busy.http.get("/prompt").json() == {"exec_info": {"queue_remaining": 1}}


def test_jobs_can_be_cancelled_in_any_state(busy: Any, graph: Json) -> None:
    pending = busy.queue(graph)["prompt_id"]
    assert busy.http.get(f"/api/jobs/{pending}").json()["status"] == "pending"
    assert busy.http.get(f"/api/jobs/{busy.running}").json()["status"] == "in_progress"
    ear = busy.ear()
    answer = busy.http.post("/api/jobs/cancel", json={"job_ids": [pending, busy.running]})
    assert answer.json() == {"cancelled": True}
    ear.until(lambda kind, data: kind == "status" and not data["status"]["exec_info"]["queue_remaining"])
    assert busy.http.get(f"/api/jobs/{busy.running}").json()["status"] == "cancelled"
    assert busy.http.get(f"/api/jobs/{pending}").status_code == 404
    assert busy.http.post(f"/api/jobs/{busy.running}/cancel").json() == {"cancelled": False}


@pytest.mark.parametrize("body", [{}, {"job_ids": "x"}, {"job_ids": ["x"]}, {"job_ids": [{}]}])
def test_malformed_cancellations_are_refused(calm_demo: Any, body: Json) -> None:
    assert calm_demo.http.post("/api/jobs/cancel", json=body).status_code == 400


def test_the_history_keeps_what_ran(demo: Any, graph: Json) -> None:
    ids = [demo.run(graph)[0] for _ in range(3)]
    assert list(demo.http.get("/history").json()) == ids
    assert list(demo.http.get("/history", params={"max_items": 1}).json()) == ids[2:]
    assert list(demo.http.get("/history", params={"max_items": 1, "offset": 1}).json()) == ids[1:2]
    entry = demo.http.get(f"/history/{ids[0]}").json()[ids[0]]
    assert entry["prompt"][1] == ids[0]
    assert entry["outputs"]["4"]["images"] == [{"filename": "picture_00001_.png", "subfolder": "", "type": "output"}]
    assert entry["status"]["status_str"] == "success"
    assert entry["status"]["completed"] is True
    assert [event for event, _data in entry["status"]["messages"]] == [
        "execution_start",
        "execution_cached",
        "execution_success",
    ]
    demo.http.post("/history", json={"delete": ids[:1]})
    assert list(demo.http.get("/history").json()) == ids[1:]
    demo.http.post("/history", json={"clear": True})
    assert demo.http.get("/history").json() == {}


def test_jobs_are_listed_in_pages(demo: Any, graph: Json) -> None:
    workflow = {"extra_pnginfo": {"workflow": {"id": "mine"}}}
    ids = [demo.run(graph, extra_data=workflow)[0], demo.run(graph)[0]]
    page = demo.http.get("/api/jobs", params={"limit": 1, "status": "completed"}).json()
    assert page["pagination"] == {"offset": 0, "limit": 1, "total": 2, "has_more": True}
    job = demo.http.get("/api/jobs", params={"workflow_id": "mine"}).json()["jobs"][0]
    assert (job["id"], job["outputs_count"]) == (ids[0], 2)
    assert job["preview_output"]["filename"] == "picture_00001_.png"
    assert job["preview_output"]["nodeId"] == "4"
    assert demo.http.get("/api/jobs", params={"status": "failed"}).json()["jobs"] == []
    full = demo.http.get(f"/api/jobs/{ids[0]}").json()
    assert full["workflow"]["prompt"] == graph
    assert full["outputs"]["4"]["images"]


@pytest.mark.parametrize("query", ["status=lost", "sort_by=name", "limit=0", "limit=x"])
def test_questions_about_jobs_that_make_no_sense_are_refused(calm_demo: Any, query: str) -> None:
    assert calm_demo.http.get(f"/api/jobs?{query}").status_code == 400
