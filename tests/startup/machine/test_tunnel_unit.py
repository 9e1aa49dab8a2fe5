"""gpubox-tunnel.service as systemd runs it, around a stand-in for cloudflared: who it is, and what it is told how."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.container import CONTAINER_MARKS, ContainerBox, container_box

pytestmark = CONTAINER_MARKS

UNIT = Path(__file__).parents[3] / "startup" / "systemd" / "gpubox-tunnel.service"
TOKEN = "eyJhIjoic2VjcmV0In0"
TOKEN_FILE = "/run/gpubox/tunnel/token"
# Says at its metrics address what it is and what it was given.
CLOUDFLARED = """#!/usr/bin/python3
import hashlib, http.server, json, os, socket, sys
arguments = sys.argv[1:]
token = open(arguments[arguments.index("--token-file") + 1]).read()
try:
    open("/etc/gpubox-was-here", "w")
    writes = True
except OSError:
    writes = False
try:
    socket.socket(socket.AF_UNIX).close()
    sockets = True
except OSError:
    sockets = False
seen = {"uid": os.getuid(), "token": hashlib.sha256(token.encode()).hexdigest(), "writes": writes, "sockets": sockets,
        "arguments": arguments, "environment": dict(os.environ), "pid": os.getpid()}

class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(seen).encode())

address, _, port = arguments[arguments.index("--metrics") + 1].rpartition(":")
http.server.HTTPServer((address, int(port)), Metrics).serve_forever()
"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerBox]:
    with container_box(tmp_path_factory.mktemp("tunnel"), disk=None, internet=False) as made:
        made.put(f"/etc/systemd/system/{UNIT.name}", UNIT.read_bytes())
        made.put("/opt/gpubox/cloudflared/cloudflared", CLOUDFLARED, 0o755)
        made.boot()
        yield made


def says(box: ContainerBox) -> str:
    """What the program answers to who asks as the entrance does: from nginx's own address."""
    asking = "curl -sf --max-time 2 --interface 127.0.0.2 http://127.0.0.2:20241/ready"
    return box.run(asking, check=False).stdout


def test_without_a_token_it_does_not_start(box: ContainerBox) -> None:
    box.run("rm -rf /run/gpubox/tunnel && systemctl start gpubox-tunnel.service")
    assert box.run("systemctl is-active gpubox-tunnel.service", check=False).stdout.strip() == "inactive"


def test_it_is_nobody_is_given_the_token_in_a_file_and_comes_back_when_it_dies(box: ContainerBox) -> None:
    box.run(["sh", "-c", f"mkdir -p $(dirname {TOKEN_FILE}) && umask 077 && printf %s {TOKEN} >{TOKEN_FILE}"])
    box.run("systemctl start gpubox-tunnel.service")
    box.wait_for(lambda: says(box))
    first = json.loads(says(box))
    assert first["uid"] >= 61184  # where systemd's dynamic users begin
    assert first["token"] == hashlib.sha256(TOKEN.encode()).hexdigest()
    assert TOKEN not in json.dumps([first["arguments"], first["environment"]])
    assert not first["writes"]
    # nginx's own sockets lead to ComfyUI without the gate.
    assert not first["sockets"]
    reads = ["runuser", "-u", "nobody", "--", "cat", TOKEN_FILE]
    assert box.run(reads, check=False).returncode != 0

    box.run(f"kill -KILL {first['pid']}")
    box.wait_for(lambda: says(box) and json.loads(says(box))["pid"] != first["pid"])
    box.run("systemctl stop gpubox-tunnel.service")
    assert says(box) == ""
