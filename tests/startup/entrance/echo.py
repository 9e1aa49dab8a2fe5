"""An upstream that tells what reached it, as ComfyUI would see it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Echo:
    """`answers` maps raw request targets to (headers, body); everything else is told back as JSON."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[dict[str, str], bytes]] = {}
        self.seen: list[str] = []
        # Set when the first piece of a body has arrived.
        self.began = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_port

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        echo = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._read()
                echo.seen.append(self.path)
                headers, body = echo.answers.get(self.path, ({"Content-Type": "application/json"}, self._told()))
                self.send_response(200)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def _read(self) -> None:
                left = int(self.headers.get("Content-Length") or 0)
                while left:
                    left -= len(self.rfile.read1(min(left, 65536)))
                    echo.began.set()

            def _told(self) -> bytes:
                told: dict[str, Any] = {"path": self.path, "method": self.command}
                return json.dumps(told | {"headers": {k.lower(): v for k, v in self.headers.items()}}).encode()

            def log_message(self, *_words: object) -> None:
                pass

        return Handler
