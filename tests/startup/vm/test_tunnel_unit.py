"""gpubox-tunnel.service where the kernel enforces what its unit forbids: no tunnel leads past the gate."""

import json
from pathlib import Path

from tests.support.guarded import STARTUP
from tests.support.vm import VM_MARKS, VirtualMachine, virtual_machine

pytestmark = VM_MARKS
UNIT = "gpubox-tunnel.service"
# Stands in for cloudflared, and tries what a tunnel that was set up wrongly would: each address once.
CLOUDFLARED = """\
#!/usr/bin/python3
import json, socket, time
def reaches(family, address):
    with socket.socket(family) as to:
        to.settimeout(3)
        try:
            to.connect((address, 8188))
        except OSError:
            return False
        return True
print(json.dumps({"reaches": [
    address for family, address in
    ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.2")) if reaches(family, address)
]}), flush=True)
time.sleep(3600)
"""
# Where ComfyUI and nginx listen, and more than that.
LISTENS = """\
import socket, time
server = socket.create_server(("::", 8188), family=socket.AF_INET6, dualstack_ipv6=True)
time.sleep(3600)
"""
FILES = {
    "/opt/gpubox/cloudflared/cloudflared": CLOUDFLARED,
    f"/etc/systemd/system/{UNIT}": (STARTUP / "systemd" / UNIT).read_bytes(),
}


def reached(vm: VirtualMachine, unit: str) -> list[str]:
    """The addresses that a unit's program reached, once it has tried them."""
    found: list[str] = []

    def has_tried() -> bool:
        said = vm.run(["journalctl", "--unit", unit, "--output", "cat"]).stdout
        found[:] = [line for line in said.splitlines() if line.startswith('{"reaches"')]
        return bool(found)

    vm.wait_for(has_tried)
    return json.loads(found[0])["reaches"]


def test_the_tunnel_reaches_nginx_and_not_comfyui(tmp_path: Path) -> None:
    with virtual_machine(tmp_path, files=FILES) as vm:
        vm.boot()
        vm.run(["systemd-run", "--quiet", "--unit=listens", "python3", "-c", LISTENS])
        vm.wait_for(lambda: vm.run("ss -Htln sport = 8188").stdout)
        vm.run(["systemd-run", "--quiet", "--unit=free", "/opt/gpubox/cloudflared/cloudflared"])
        assert reached(vm, "free.service") == ["127.0.0.1", "::1", "127.0.0.2"]
        vm.run("mkdir -p /run/gpubox/tunnel && echo a-token >/run/gpubox/tunnel/token")
        vm.run(["systemctl", "start", UNIT])
        assert reached(vm, UNIT) == ["127.0.0.2"]
