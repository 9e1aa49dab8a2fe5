"""What the node counts, whom it believes, and how little it needs of ComfyUI."""

import asyncio
import json
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

import pytest


class Clock:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeHost:
    """A server that remembers what the node asks of it."""

    def __init__(self, *, sees_progress: bool = True) -> None:
        self.sees_progress = sees_progress
        self.routes: dict[tuple[str, str], Callable[[Mapping[str, str]], tuple[int, dict[str, Any]]]] = {}
        self.say: Callable[[object, object], None] = lambda _event, _data: None

    def route(self, method: str, path: str, handler: Any) -> None:
        self.routes[method, path] = handler

    def listen(self, listener: Callable[[object, object], None]) -> bool:
        self.say = listener
        return self.sees_progress

    def queue(self) -> dict[str, int] | None:
        return {"running": 1, "pending": 2}

    def version(self) -> str | None:
        return "0.33.0"

    def get(self) -> dict[str, Any]:
        status, body = self.routes["GET", "/gpubox/presence"]({})
        assert status == 200
        return body

    def post(self, **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.routes["POST", "/gpubox/presence"](named)[0]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def host(node: Any, clock: Clock) -> FakeHost:
    host = FakeHost()
    node.connect(host, node.presence.Presence(clock))
    return host


def test_the_package_is_a_custom_node_without_nodes(node: Any) -> None:
    assert node.NODE_CLASS_MAPPINGS == {}
    assert node.WEB_DIRECTORY == "./web"


def test_before_any_sign_there_is_no_age(host: FakeHost) -> None:
    assert host.get() == {
        "version": 1,
        "person": {"count": 0, "age_s": None},
        "queue": {"running": 1, "pending": 2},
        "progress": {"count": 0, "age_s": None, "value": None, "max": None, "node": None, "prompt_id": None},
        "boot_id": host.get()["boot_id"],
        "comfyui_version": "0.33.0",
    }


def test_each_report_counts_and_ages(host: FakeHost, clock: Clock) -> None:
    for count in (1, 2):
        assert host.post(X_Gpubox_Presence="1") == 200
        clock.now += 12.3
        assert host.get()["person"] == {"count": count, "age_s": 12.3}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec_Fetch_Site": "same-origin"},
        {"X_Gpubox_Presence": "1", "Sec_Fetch_Site": "cross-site"},
        {"X_Gpubox_Presence": "1", "Sec_Fetch_Site": "same-site"},
        {"X_Gpubox_Presence": "1", "Sec_Fetch_Site": "none"},
    ],
)
def test_other_sites_cannot_report(host: FakeHost, headers: dict[str, str]) -> None:
    assert host.post(**headers) == 403
    assert host.get()["person"]["count"] == 0


def test_progress_counts_steps_nodes_and_ends(host: FakeHost, clock: Clock) -> None:
    host.say("execution_start", {"prompt_id": "p"})
    host.say("executing", {"node": "5", "prompt_id": "p"})
    host.say("progress", {"value": 7, "max": 20, "prompt_id": "p", "node": "5"})
    clock.now += 0.4
    progress = {"count": 3, "age_s": 0.4, "value": 7, "max": 20, "node": "5", "prompt_id": "p"}
    assert host.get()["progress"] == progress
    host.say("execution_success", {"prompt_id": "p"})
    assert host.get()["progress"] == progress | {"count": 4, "age_s": 0.0}
    host.say("execution_start", {"prompt_id": "q"})
    started = {"count": 5, "age_s": 0.0, "value": None, "max": None, "node": None, "prompt_id": "q"}
    assert host.get()["progress"] == started


@pytest.mark.parametrize("said", [("status", {}), ("custom.event", {}), (1, b""), ("progress", None), ([], {})])
def test_what_proves_no_progress_is_not_counted(host: FakeHost, said: tuple[Any, Any]) -> None:
    host.say(*said)
    assert host.get()["progress"]["count"] == 0


def test_where_progress_cannot_be_seen_it_is_null(node: Any) -> None:
    host = FakeHost(sees_progress=False)
    node.connect(host)
    assert host.get()["progress"] is None


class FakeComfyUi:
    """As much of ComfyUI's PromptServer and of aiohttp as the node touches."""

    def __init__(self) -> None:
        self.handlers: dict[tuple[str, str], Any] = {}
        self.sent: list[tuple[Any, ...]] = []
        self.routes = self
        self.prompt_queue = types.SimpleNamespace(currently_running={0: "graph"}, queue=[1, 2])
        self.send_sync: Any = lambda *message: self.sent.append(message)

    def route(self, method: str, path: str) -> Callable[[Any], Any]:
        return lambda handler: self.handlers.setdefault((method, path), handler)

    def ask(self, method: str = "GET", **headers: str) -> tuple[int, dict[str, Any]]:
        request = types.SimpleNamespace(headers=headers)
        return asyncio.run(self.handlers[method, "/gpubox/presence"](request))


@pytest.fixture
def comfyui(monkeypatch: pytest.MonkeyPatch) -> FakeComfyUi:
    fake = FakeComfyUi()
    server = types.ModuleType("server")
    server.PromptServer = types.SimpleNamespace(instance=fake)  # pyright: ignore[reportAttributeAccessIssue]
    web = types.ModuleType("aiohttp.web")
    web.json_response = lambda body, status, **_more: (status, json.loads(json.dumps(body)))  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "server", server)
    monkeypatch.setitem(sys.modules, "aiohttp", types.ModuleType("aiohttp"))
    monkeypatch.setitem(sys.modules, "aiohttp.web", web)
    return fake


def test_in_comfyui_it_connects_by_itself(comfyui: FakeComfyUi, node: Any) -> None:
    assert node.connect
    status, body = comfyui.ask()
    assert (status, body["queue"]) == (200, {"running": 1, "pending": 2})
    assert comfyui.ask("POST", **{node.presence.GUARD_HEADER: "1"})[0] == 200
    assert comfyui.ask()[1]["person"]["count"] == 1


def test_comfyuis_messages_pass_unchanged(comfyui: FakeComfyUi, node: Any) -> None:
    said = [("progress", {"value": 1, "max": 2}, "sid"), ("progress", object(), None), (1, b"x", None)]
    for message in said:
        comfyui.send_sync(*message)
    assert comfyui.sent == said
    assert comfyui.ask()[1]["progress"]["count"] == 1
    assert node


def test_a_listener_that_fails_is_not_comfyuis_problem(comfyui: FakeComfyUi, node: Any) -> None:
    def fail(_event: object, _data: object) -> None:
        raise ValueError

    sys.modules[f"{node.__name__}.comfyui"].ComfyUiHost().listen(fail)
    comfyui.send_sync("progress", {}, None)
    assert comfyui.sent == [("progress", {}, None)]


def test_a_comfyui_that_hides_its_queue_is_no_error(comfyui: FakeComfyUi, node: Any) -> None:
    del comfyui.prompt_queue
    assert comfyui.ask()[1]["queue"] is None
    assert node


def test_a_comfyui_without_send_sync_hides_progress(comfyui: FakeComfyUi, request: pytest.FixtureRequest) -> None:
    comfyui.send_sync = None
    request.getfixturevalue("node")
    assert comfyui.ask()[1]["progress"] is None
