"""An HTTP server on loopback, in a thread of its own, for the length of a `with`."""

import ssl
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self


class Handler(BaseHTTPRequestHandler):
    """Writes nothing to the terminal."""

    def reply(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """A whole answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def content(self) -> bytes:
        """The request's body."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def log_message(self, *_words: Any) -> None:
        pass


class HttpServer:
    """Answers by `handler`; over TLS where `tls` is a file that holds a certificate and its key."""

    def __init__(self, handler: type[Handler], tls: Path | None = None) -> None:
        server = ThreadingHTTPServer if tls is None else _TlsServer
        self._server = server(("127.0.0.1", 0), handler)
        self.port = self._server.server_port
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _TlsServer(ThreadingHTTPServer):
    def handle_error(self, *_about: Any) -> None:
        """A client that does not believe the certificate hangs up."""
