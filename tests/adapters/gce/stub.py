"""A small HTTP server on loopback that answers what a test wrote down, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.adapters.gce.words import Json, refused
from tests.support.http_server import Handler, HttpServer


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


class Stub(HttpServer):
    """`with Stub() as stub: stub.on("start", Answer(...), Answer(...))`; the last answer to a path is repeated.

    A path is found by its end. What was not written down is answered with 404 and no JSON.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[str, list[Answer | Callable[[Asked], Answer]]] = {}
        self._over = threading.Event()
        super().__init__(self._handler())
        self.endpoint = f"http://127.0.0.1:{self.port}"

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

    def _handler(self) -> type[Handler]:
        stub = self

        class Answering(Handler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                url = urlsplit(self.path)
                content = self.content()
                headers = {name.lower(): value for name, value in self.headers.items()}
                is_json = headers.get("content-type") == "application/json"
                body: Json = json.loads(content or b"{}") if is_json else {}
                answer = stub.answer(Asked(self.command, url.path, dict(parse_qsl(url.query)), body, headers))
                if answer.drop or answer.hang:
                    self.close_connection = True
                    return
                data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.reply(answer.status, data, answer.headers)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 - the names are the library's

        return Answering

    def __exit__(self, *error: object) -> None:
        self._over.set()
        super().__exit__(*error)
