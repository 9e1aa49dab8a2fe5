"""The way to the box: TLS with exactly the one certificate that the box named, and everything streamed."""

import hashlib
import socket
import ssl
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Any

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    DummyCookieJar,
    Fingerprint,
    ServerFingerprintMismatch,
    TCPConnector,
)
from yarl import URL

from manager.relay.ports import Target

_CONNECT_SECONDS = 10
# How much of an answer is read ahead of a slow browser, in bytes; about twice that may lie in memory.
READ_AHEAD = 256 * 1024
# A box that was preempted says no farewell: the system asks a silent connection this often, and then gives it up.
_SILENT_SECONDS, _ASK_EVERY_SECONDS, _ASK_TIMES = 30, 10, 3


class Upstream:
    """Connections to boxes, kept open between requests."""

    def __init__(self) -> None:
        self._session: Any = ClientSession(
            connector=TCPConnector(limit=0, socket_factory=_socket),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=READ_AHEAD,
            # A render or an upload takes as long as it takes; only reaching the box has a limit.
            timeout=ClientTimeout(total=None, connect=None, sock_connect=_CONNECT_SECONDS),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            max_line_size=READ_AHEAD,
            max_field_size=READ_AHEAD,
        )

    def request(
        self, method: str, target: Target, path: str, **more: Any
    ) -> AbstractAsyncContextManager[ClientResponse]:
        """A context that holds the answer. `path` is sent as it is, with its query."""
        return self._session.request(method, _url(target, path), ssl=_pin(target), allow_redirects=False, **more)

    def socket(
        self, target: Target, path: str, **more: Any
    ) -> "AbstractAsyncContextManager[ClientWebSocketResponse[Any]]":
        """A context that holds a WebSocket."""
        return self._session.ws_connect(_url(target, path), ssl=_pin(target), **more)

    async def close(self) -> None:
        """Let all connections go."""
        await self._session.close()


def why(error: ClientError | OSError) -> str:
    """A failure to reach the box, in one word: `certificate` or `silent`."""
    wrong_box = isinstance(error, ServerFingerprintMismatch | ssl.SSLError)
    return "certificate" if wrong_box or isinstance(error.__cause__, ssl.SSLError) else "silent"


def _url(target: Target, path: str) -> URL:
    return URL(target.url + path, encoded=True)


def _pin(target: Target) -> Fingerprint | bool:
    return True if target.certificate is None else _fingerprint(target.certificate)


@lru_cache(maxsize=32)
def _fingerprint(certificate: str) -> Fingerprint:
    """Checked after the handshake, which proves that the box holds the key, and before anything is sent.

    Instead of checking a chain: the certificate has signed itself, so its names and dates say nothing more.
    Raises ValueError for what is no certificate.
    """
    return Fingerprint(hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).digest())


def _socket(address: Any) -> socket.socket:
    family, kind, protocol, _, _ = address
    connection = socket.socket(family, kind, protocol)
    connection.setblocking(False)  # noqa: FBT003 - the standard library's own name for it
    for level, option, value in (
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPIDLE", None), _SILENT_SECONDS),
        (socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPINTVL", None), _ASK_EVERY_SECONDS),
        (socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPCNT", None), _ASK_TIMES),
    ):
        if option is not None:  # not every system can be told how often
            connection.setsockopt(level, option, value)
    return connection
