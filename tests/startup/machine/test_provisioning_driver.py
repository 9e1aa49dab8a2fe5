"""The GPU and its driver, where the machine says that there is one: the reboot that an installer does in its middle."""

from pathlib import Path

from tests.support.container import CONTAINER_MARKS, ContainerBox
from tests.support.provisioned import answers, log, problem, script_is_through, states, used_box, wait_ready

pytestmark = CONTAINER_MARKS

_WITH_GPU = """\
[Service]
Environment=GPUBOX_PCI=/opt/pci GPUBOX_DLVM_INSTALLER=/opt/install-driver.sh
"""
# As Google's: the first time it restarts the machine in its middle, the second time it goes on from there.
_INSTALLER = """\
#!/bin/sh
echo run >>/opt/installer-runs
if [ "$(wc -l </opt/installer-runs)" = 1 ]; then
  sync
  systemctl reboot
  sleep 600
fi
printf '#!/bin/sh\\necho 580.95.05\\n' >/usr/bin/nvidia-smi
chmod +x /usr/bin/nvidia-smi
"""


def _give_gpu(box: ContainerBox) -> None:
    """A stand-in for what PCI says, since a container has no devices of its own."""
    box.put("/etc/systemd/system/google-startup-scripts.service.d/gpu.conf", _WITH_GPU)
    box.put("/opt/pci/0000:00:04.0/vendor", "0x10de\n")
    box.put("/opt/pci/0000:00:04.0/class", "0x030200\n")
    box.put("/opt/install-driver.sh", _INSTALLER, 0o755)


def test_the_reboot_in_the_middle_of_a_driver_s_installation_is_survived(tmp_path: Path, finished: Path) -> None:
    with used_box(finished, tmp_path, metadata={"gpubox-without-gpu": "refuse"}) as (box, _):
        _give_gpu(box)
        box.boot()
        box.wait_for_reboot()
        wait_ready(box)
        assert problem(box) == ""
        assert box.run("wc -l </opt/installer-runs").stdout.strip() == "2"
        assert "driver 580.95.05, torch for cu130" in log(box)
        # Yesterday's was made for a machine without one.
        assert "--cpu" not in box.run("cat /etc/gpubox/comfyui.args").stdout
        assert not box.run("ls /var/lib/gpubox/provision/driver", check=False).stdout


def test_a_box_that_lost_its_gpu_says_so_and_runs_no_comfyui_unless_told_to(tmp_path: Path, finished: Path) -> None:
    with used_box(finished, tmp_path, metadata={"gpubox-without-gpu": "refuse"}) as (box, _):
        box.boot()
        box.wait_for(lambda: script_is_through(box))
        assert problem(box) == "no_gpu", log(box)
        assert states(box)["driver"] == "failed"
        assert not answers(box)
        # What the box itself needs to be seen and to switch itself off is there all the same.
        assert states(box)["agent"] == "done"
        assert states(box)["entrance"] == "done"
        box.metadata["gpubox-without-gpu"] = "cpu"
        box.run(["systemctl", "start", "gpubox-provision.service"])
        assert problem(box) == ""
        assert answers(box)
