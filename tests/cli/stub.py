"""A panel that says what a test wants it to say, over real HTTP on loopback."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.http_server import Handler, HttpServer

STATUS: dict[str, Any] = {
    "name": "comfyui",
    "status": "RUNNING",
    "phase": "ready",
    "intent": "on",
    "headline": {
        "code": "ready",
        "text": "On. Stops at {stops_at} unless you go on.",
        "values": {"stops_at": "2026-11-21T14:32:00Z"},
    },
    "details": [
        {
            "code": "panel",
            "text": "Somebody was in this panel at {seen_at}.",
            "values": {"seen_at": "2026-11-20T22:10:00Z"},
        }
    ],
    "warning": None,
    "trouble": None,
    "comfyui_url": "http://127.0.0.2:8188",
    "stops_at": "2026-11-21T14:32:00Z",
    "cost": {
        "currency": "USD",
        "hourly": "0.545",
        "session": "0.38",
        "today": None,
        "month": "11.20",
        "at_rest_monthly": "20.00",
    },
    "progress": None,
    "machine": {
        "zone": "us-central1-a",
        "instance": "comfyui",
        "machine_type": "n1-standard-4",
        "gpu": "nvidia-tesla-t4",
    },
    "last_session": None,
    "now": "2026-11-21T14:00:00Z",
}
TROUBLE: dict[str, Any] = {
    "code": "quota_exceeded",
    "title": "Your Google project's quota is used up.",
    "detail": {"text": "The quota {metric} is {limit}.", "values": {"metric": "GPUS_ALL_REGIONS", "limit": "0"}},
    "remedy": {"text": "Ask Google for more: {metric}.", "values": {"metric": "GPUS_ALL_REGIONS"}},
    "retry_at": None,
}


def status(**changes: Any) -> dict[str, Any]:
    return STATUS | changes


class StubPanel:
    """`answers` maps a path to (status, body); `streams` are the event streams to come, one connection each."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.streams: list[list[dict[str, Any]]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = ""


@contextmanager
def serving(stub: StubPanel) -> Iterator[StubPanel]:
    class Answering(Handler):
        def do_GET(self) -> None:  # noqa: N802 - the name is the library's
            stub.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            if self.path == "/api/events":
                self._stream()
                return
            code, body = stub.answers.get(self.path, (200, stub.answers.get("*", (200, STATUS))[1]))
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.reply(code, content)

        do_POST = do_GET  # noqa: N815 - the name that http.server looks for

        def _stream(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for number, body in enumerate(stub.streams.pop(0) if stub.streams else []):
                self.wfile.write(f": hello\n\nevent: status\nid: {number}\ndata: {json.dumps(body)}\n\n".encode())

    with HttpServer(Answering) as server:
        stub.url = f"http://127.0.0.1:{server.port}"
        yield stub
