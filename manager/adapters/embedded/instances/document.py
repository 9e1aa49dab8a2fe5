"""An instance's document and how it is found.

path, project, zone, name, id
resource    what the user set, in Google's shape, with stored links
timeline    turns, see `timeline`
address     the ephemeral external address of this run, or None
resets      how often this run was reset: a new number is a new boot
terminates  when the run limit ends this run, or None
guest       {"condition": "ok" | a fault's kind, "since": moment}
"""

from manager.adapters.embedded import ledger
from manager.adapters.embedded.call import Call
from manager.adapters.embedded.cloud import Cloud, key
from manager.adapters.embedded.errors import not_found
from manager.adapters.embedded.links import name_of
from manager.adapters.embedded.store import Json, parts
from manager.adapters.embedded.timeline import GONE, loaded, reached, status_at


def find(cloud: Cloud, call: Call, name: str | None = None) -> Json:
    """Answer the document of the call's instance, by name or by id; 404 where there is none."""
    wanted = call.path["instance"] if name is None else name
    found = cloud.store.get("instance", key(call.project, call.zone, wanted))
    if found is None and wanted.isdigit():
        documents = cloud.store.all("instance", key(call.project, call.zone, ""))
        found = next((body for body in documents if body["id"] == wanted), None)
    if found is None or status(found, call.now) == GONE:
        raise not_found(f"projects/{call.project}/zones/{call.zone}/instances/{wanted}")
    return found


def status(body: Json, now: float) -> str:
    """Answer the status at `now`."""
    return status_at(loaded(body["timeline"]), now)


def save(cloud: Cloud, body: Json) -> None:
    """Write an instance; it becomes due when it is gone."""
    gone = reached(loaded(body["timeline"]), GONE)
    cloud.store.put("instance", key(body["project"], body["zone"], body["name"]), body, gone)


def bury(cloud: Cloud, now: float) -> None:
    """Remove the instances that are gone, with the disks that go with them."""
    for name, body in cloud.store.due("instance", now):
        ledger.archive(cloud, body, now)
        cloud.store.delete("instance", name)
        cloud.store.delete("guest-attributes", body["id"])
        for attached in body["resource"]["disks"]:
            if attached.get("autoDelete"):
                disk = name_of(attached["source"])
                cloud.store.delete("disk", key(body["project"], f"zones/{body['zone']}", disk))


def machine_type(body: Json) -> str:
    """Answer the bare name of the machine type."""
    return name_of(body["resource"]["machineType"])


def accelerator(resource: Json) -> str | None:
    """Answer the GPU as stockouts name it, `nvidia-tesla-t4:1`, or None."""
    for held in parts(resource, "guestAccelerators"):
        if held.get("acceleratorCount"):
            return f"{name_of(held['acceleratorType'])}:{held['acceleratorCount']}"
    return None
