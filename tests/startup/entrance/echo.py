"""An upstream that tells what reached it, as ComfyUI would see it."""

import json
import threading
from typing import Any

from tests.support.http_server import Handler, HttpServer


class Echo(HttpServer):
    """`answers` maps raw request targets to (headers, body); everything else is told back as JSON."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[dict[str, str], bytes]] = {}
        self.seen: list[str] = []
        # Set when the first piece of a body has arrived.
        self.began = threading.Event()
        super().__init__(self._handler())

    def _handler(self) -> type[Handler]:
        echo = self

        class Telling(Handler):
            def do_GET(self) -> None:  # noqa: N802 - the name is the library's
                self._read()
                echo.seen.append(self.path)
                headers, body = echo.answers.get(self.path, ({"Content-Type": "application/json"}, self._told()))
                self.reply(200, body, headers)

            do_POST = do_GET  # noqa: N815

            def _read(self) -> None:
                left = int(self.headers.get("Content-Length") or 0)
                while left:
                    left -= len(self.rfile.read1(min(left, 65536)))
                    echo.began.set()

            def _told(self) -> bytes:
                told: dict[str, Any] = {"path": self.path, "method": self.command}
                return json.dumps(told | {"headers": {k.lower(): v for k, v in self.headers.items()}}).encode()

        return Telling
