"""Nothing gets around the gate: no trick with a path, a host or the form of a request."""

import http.client

import pytest
from box import DOMAIN, Box, any_certificate

PATHS = [
    "/",
    "//",
    "/system_stats",
    "//system_stats",
    "/./system_stats",
    "/%2e/system_stats",
    "/_gpubox/../system_stats",
    "/_gpubox/%2e%2e/system_stats",
    "/_gpubox/..%2fsystem_stats",
    "/_gpubox%2f..%2fsystem_stats",
    "/_gpubox/health/../../system_stats",
    "/_gpubox/health%2f..%2f..%2fsystem_stats",
    "/_gpubox/health/",
    "/_gpubox/health;/system_stats",
    "/_gpubox/health%00/system_stats",
    "/_gpubox/enter/../../system_stats",
    "//_gpubox/..//system_stats",
    "/_GPUBOX/health",
    "/_gpubox./health",
    "/_gpubox/internal/check",
    "/_gpubox/internal/starting.html",
    "/_gpubox/check",
    "/_gpubox/probe.html/../../system_stats",
    "/api/../_gpubox/../system_stats",
    "/system_stats%3f/_gpubox/health",
    "/system_stats#/_gpubox/health",
    "/system_stats?/_gpubox/health",
    "/\\..\\_gpubox/health",
    "/.well-known/acme-challenge/../../system_stats",
    "/.well-known/acme-challenge/x",
    "/assets/index-12345678.js",
    "/assets/../system_stats",
    "/assets/x-12345678.js/../../system_stats",
    "/api/userdata/..%2f..%2fx",
    "/upload/../system_stats",
    "/ws",
    "/ws?clientId=1",
]


def raw(box: Box, request: str, name: str = DOMAIN) -> tuple[int, bytes]:
    """One request as these bytes: no client library mends its path."""
    with box.connect(any_certificate(), name) as connection:
        connection.sendall(request.encode())
        answer = http.client.HTTPResponse(connection, method=request.partition(" ")[0])
        answer.begin()
        return answer.status, answer.read()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_no_trick_with_the_path_gets_around_the_gate(box: Box, path: str, method: str) -> None:
    status, body = raw(
        box, f"{method} {path} HTTP/1.1\r\nHost: {DOMAIN}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    assert status in (400, 401, 404, 405), (status, body)
    assert b"comfyui_version" not in body


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        (f"GET http://{DOMAIN}/system_stats HTTP/1.1\r\nHost: {DOMAIN}", (401,)),
        ("GET http://127.0.0.1:8188/system_stats HTTP/1.1\r\nHost: 127.0.0.1", (401, 421)),
        (f"GET http://elsewhere.example/system_stats HTTP/1.1\r\nHost: {DOMAIN}", (401, 421)),
        (f"GET /system_stats HTTP/1.1\r\nHost: {DOMAIN}\r\nHost: elsewhere.example", (400,)),
        ("GET /system_stats HTTP/1.1\r\nHost: localhost", (421,)),
        ("GET /system_stats HTTP/1.1\r\nHost: comfyui", (421,)),
        (f"GET /system_stats HTTP/1.1\r\nHost: {DOMAIN}.", (401, 421)),
        (f"GET /system_stats HTTP/1.1\r\nHost: {DOMAIN.upper()}", (401,)),
        ("GET /system_stats HTTP/1.0", (421, 400)),
        (f"GET /system_stats HTTP/1.1\r\nHost: {DOMAIN}\r\nX-Original-URL: /_gpubox/health", (401,)),
        (
            f"GET /system_stats HTTP/1.1\r\nHost: {DOMAIN}\r\nX-Gpubox-Address: 127.0.0.1\r\nX-Gpubox-Who: manager",
            (401,),
        ),
        (f"GET /ws HTTP/1.1\r\nHost: {DOMAIN}\r\nUpgrade: h2c\r\nConnection: upgrade", (401,)),
        (f"CONNECT 127.0.0.1:8188 HTTP/1.1\r\nHost: {DOMAIN}", (400, 405)),
        (f"TRACE / HTTP/1.1\r\nHost: {DOMAIN}", (405,)),
    ],
)
def test_no_trick_with_the_host_or_the_form_of_a_request_does(box: Box, head: str, statuses: tuple[int, ...]) -> None:
    status, body = raw(box, f"{head}\r\nConnection: close\r\n\r\n")
    assert status in statuses, (status, body)
