"""A small HTTP server on loopback that answers what a test wrote down, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.adapters.gce.words import Json, refused


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `headers` have small names."""

    verb: str
    path: str
    query: dict[str, str]
    body: Json
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer: JSON, or any bytes. `hang` waits until the test ends, `drop` closes the connection."""

    body: Json | bytes = field(default_factory=dict[str, Any])
    status: int = 200
    hang: bool = False
    drop: bool = False
    headers: dict[str, str] = field(default_factory=dict[str, str])


def refusal(status: int, reason: str, message: str) -> Answer:
    """One of Google's error bodies."""
    _, body = refused(status, reason, message)
    return Answer(body, status)


class Stub:
    """`with Stub() as stub: stub.on("start", Answer(...), Answer(...))`; the last answer to a path is repeated.

    A path is found by its end. What was not written down is answered with 404 and no JSON.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[str, list[Answer | Callable[[Asked], Answer]]] = {}
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def on(self, path_end: str, *answers: Answer | Callable[[Asked], Answer]) -> None:
        """Write down what to answer, in order."""
        self._answers[path_end] = list(answers)

    def asked_for(self, path_end: str) -> list[Asked]:
        """The requests to a path, oldest first."""
        return [each for each in self.asked if each.path.endswith(path_end)]

    def answer(self, asked: Asked) -> Answer:
        """The next answer to a request."""
        self.asked.append(asked)
        for path_end, answers in self._answers.items():
            if asked.path.endswith(path_end):
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                answer = answer(asked) if callable(answer) else answer
                if answer.hang:
                    self._over.wait(30)
                return answer
        return Answer(b"<html>Not found</html>", 404)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                url = urlsplit(self.path)
                content = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                is_json = headers.get("content-type") == "application/json"
                body: Json = json.loads(content or b"{}") if is_json else {}
                answer = stub.answer(Asked(self.command, url.path, dict(parse_qsl(url.query)), body, headers))
                if answer.drop or answer.hang:
                    self.close_connection = True
                    return
                data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 - the names are the library's

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
                pass

        return Handler

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
