"""What a box looks like to `instances.insert` and `disks.insert`. Pure.

The rules that keep money and data safe: the data disk is never deleted with the VM, the VM is protected from
deletion, nothing restarts it unseen, and its run limit ends in STOP, never in DELETE.
"""

from manager.adapters.gce.api import Json
from manager.adapters.gce.backstop import run_limit
from manager.application.ports import BoxSpec
from manager.domain.box import Place

# The guest finds the disk as /dev/disk/by-id/google-persistent-comfyui.
DATA_DEVICE = "persistent-comfyui"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def data_disk(place: Place, spec: BoxSpec) -> Json:
    """The empty data disk."""
    body: Json = {"name": spec.data_disk, "sizeGb": str(spec.data_size_gb), "type": _disk_type(place, spec.data_type)}
    return body | ({"labels": dict(spec.labels)} if spec.labels else {})


def instance(place: Place, spec: BoxSpec) -> Json:
    """The VM with its disks, its GPU and one external address."""
    zone = f"zones/{place.zone}"
    body: Json = {
        "name": place.instance,
        "machineType": f"{zone}/machineTypes/{spec.machine_type}",
        "deletionProtection": True,
        "scheduling": _scheduling(spec),
        "disks": [
            {
                "boot": True,
                "autoDelete": True,
                "initializeParams": {
                    "sourceImage": f"projects/{spec.image_project}/global/images/family/{spec.image_family}",
                    "diskSizeGb": str(spec.boot_size_gb),
                    "diskType": _disk_type(place, spec.boot_type),
                },
            },
            {
                "boot": False,
                "autoDelete": False,
                "deviceName": DATA_DEVICE,
                "mode": "READ_WRITE",
                "source": f"projects/{place.project}/{zone}/disks/{spec.data_disk}",
            },
        ],
        "networkInterfaces": [
            {
                "network": "global/networks/default",
                "accessConfigs": [{"name": "External NAT", "type": "ONE_TO_ONE_NAT"}],
            }
        ],
        "tags": {"items": [spec.tag]},
        "metadata": {"items": [{"key": key, "value": value} for key, value in spec.metadata.items()]},
    }
    if spec.gpu is not None:
        body["guestAccelerators"] = [
            {"acceleratorType": f"{zone}/acceleratorTypes/{spec.gpu}", "acceleratorCount": spec.gpu_count}
        ]
    if spec.service_account is not None:
        body["serviceAccounts"] = [{"email": spec.service_account, "scopes": [_SCOPE]}]
    if spec.labels:
        body["labels"] = dict(spec.labels)
    return body


def _scheduling(spec: BoxSpec) -> Json:
    body: Json = {"automaticRestart": False, "onHostMaintenance": "TERMINATE"} | run_limit(spec.max_run, "STOP")
    if spec.spot:
        body |= {"provisioningModel": "SPOT", "instanceTerminationAction": "STOP"}
    return body


def _disk_type(place: Place, kind: str) -> str:
    return f"projects/{place.project}/zones/{place.zone}/diskTypes/{kind}"
