"""The gate as systemd runs it, in a machine that boots like the VM: its sockets, its user, and what it may not do."""

import json
import sysconfig
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from makers import BOX, HERE, MANAGER_KEY, SAYS, attributes
from running import ROOT, fresh_ticket, now

from tests.support.container import CONTAINER_MARKS, ContainerBox, container_box

pytestmark = CONTAINER_MARKS

UNITS = ("gpubox-gate.service", "gpubox-gate.socket")
LIBRARIES = (
    *("aiohappyeyeballs", "aiohttp", "aiosignal", "attr", "frozenlist", "idna", "multidict", "propcache", "yarl"),
    *("jwt", "cryptography", "cffi", "_cffi_backend*.so", "typing_extensions.py"),
)
# The libraries of this Python, which is the box's too: Debian 12 has 3.11.
PYTHON = """#!/bin/sh
PYTHONPATH=$PYTHONPATH:/opt/gpubox/agent/libraries exec /usr/bin/python3 "$@"
"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerBox]:
    if sysconfig.get_python_version() != "3.11":
        pytest.skip("the container's Python is 3.11, and this one is not")
    folder = tmp_path_factory.mktemp("unit")
    with container_box(folder, metadata=attributes(), disk=None, internet=False) as made:
        for unit in UNITS:
            made.put(f"/etc/systemd/system/{unit}", (ROOT / "startup" / "systemd" / unit).read_text())
        made.put("/opt/gpubox/agent/current/bin/python", PYTHON, 0o755)
        made.put("/opt/agent.tar", _agent())
        made.boot()
        made.run("mkdir -p /opt/gpubox/bundle && tar -xf /opt/agent.tar -C /opt/gpubox")
        made.run("systemctl daemon-reload && systemctl enable --now gpubox-gate.socket gpubox-gate.service")
        yield made


def _agent() -> bytes:
    """The program and its libraries, with the folders that they lie in on a box."""
    packed, installed = BytesIO(), Path(sysconfig.get_path("purelib"))
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(ROOT / "startup" / "agent", "bundle/agent")
        for name in LIBRARIES:
            for found in installed.glob(name):
                tar.add(found, f"agent/libraries/{found.name}")
    return packed.getvalue()


def ask(box: ContainerBox, path: str, *options: str, user: str = "www-data") -> str:
    """What nginx's user gets: headers and body."""
    curl = ["curl", "-si", "--unix-socket", "/run/gpubox/gate.sock", *options, f"http://gate{path}"]
    return box.run(["runuser", "-u", user, "--", *curl], check=False).stdout


def until_up(box: ContainerBox) -> None:
    """Another test may just have ended it."""
    box.wait_for(lambda: box.run("systemctl is-active gpubox-gate.service").stdout.strip() == "active")


def test_it_is_up_and_says_so(box: ContainerBox) -> None:
    until_up(box)
    box.wait_for(lambda: "told: box comfyui, 1 keys" in box.journal("gpubox-gate.service"))
    assert "Traceback" not in box.journal("gpubox-gate.service")


def test_nginx_may_ask_and_nobody_else(box: ContainerBox) -> None:
    assert ask(box, "/_gpubox/health").startswith("HTTP/1.1 204")
    assert ask(box, "/_gpubox/health", user="nobody") == ""
    modes = box.run("stat -c '%U %G %a' /run/gpubox/gate.sock /run/gpubox/streams.sock").stdout
    assert modes.split("\n")[:2] == ["root www-data 660"] * 2


def test_it_runs_as_nobody_in_particular_and_may_write_its_two_folders_only(box: ContainerBox) -> None:
    until_up(box)
    pid = box.run("systemctl show -p MainPID --value gpubox-gate.service").stdout.strip()
    status = box.run(f"cat /proc/{pid}/status").stdout
    user = status.partition("Uid:\t")[2].split()[0]
    assert int(user) >= 61184, "one of those that systemd makes up"
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    resident = int(status.partition("VmRSS:")[2].split()[0])
    assert resident < 80_000, "kilobytes"
    owner = box.run("stat -c '%u %a' /var/lib/gpubox/gate/ /var/lib/gpubox/gate/cookie-secret").stdout.split("\n")
    assert owner[:2] == [f"{user} 700", f"{user} 600"]


def test_a_ticket_the_managers_word_and_a_restart(box: ContainerBox) -> None:
    address, body = ("-H", f"X-Gpubox-Address: {HERE}"), json.dumps({"ticket": fresh_ticket()})
    entered = ask(box, "/_gpubox/enter", *address, "-d", body)
    assert entered.startswith("HTTP/1.1 204"), entered
    cookie = entered.partition("Set-Cookie: ")[2].partition(";")[0]
    said = MANAGER_KEY.statement(BOX, SAYS | {"sessions": ["anna"], "keep_alive_age_s": 7}, now())
    assert '"version": 1' in ask(box, "/_gpubox/manager", *address, "-d", said)
    assert json.loads(box.run("cat /run/gpubox/manager.json").stdout)["keep_alive_age_s"] == 7
    box.run("systemctl restart gpubox-gate.service")
    assert '"code": "used"' in ask(box, "/_gpubox/enter", *address, "-d", body)
    asked = (*address, "-H", "X-Gpubox-Method: GET", "-H", f"Cookie: {cookie}")
    assert "X-Gpubox-Who: browser" in ask(box, "/_gpubox/check", *asked)


def test_killed_it_comes_back_and_who_asks_meanwhile_waits(box: ContainerBox) -> None:
    box.run("systemctl kill --kill-who=main --signal=KILL gpubox-gate.service")
    assert ask(box, "/_gpubox/health").startswith("HTTP/1.1 204")
