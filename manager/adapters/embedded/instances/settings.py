"""The methods that change an instance's settings, each an operation of its own."""

from collections.abc import Callable

from manager.adapters.embedded import operations
from manager.adapters.embedded.call import Call
from manager.adapters.embedded.cloud import Cloud, fingerprint
from manager.adapters.embedded.errors import ApiError, stale_fingerprint
from manager.adapters.embedded.instances import rules
from manager.adapters.embedded.instances.document import find, save, status
from manager.adapters.embedded.links import link
from manager.adapters.embedded.store import Json, part, parts
from manager.adapters.embedded.timeline import BRIEF


def _change(cloud: Cloud, call: Call, body: Json, operation_type: str, change: Callable[[Json], None]) -> Json:
    """Apply `change` to the resource unless the operation fails, and record it."""
    outcome = operations.plan(cloud, call, BRIEF)
    if outcome.error is None:
        change(body["resource"])
        save(cloud, body)
    return operations.record(cloud, call, outcome, operation_type, body)


def _find_off(cloud: Cloud, call: Call) -> Json:
    """Answer the instance, which has to be TERMINATED."""
    body = find(cloud, call)
    if status(body, call.now) not in {"TERMINATED", "STOPPED"}:
        message = "Invalid resource usage: 'Instance should be in TERMINATED state.'."
        raise ApiError(400, "invalidResourceUsage", message)
    return body


def set_metadata(cloud: Cloud, call: Call) -> Json:
    """Replace the whole metadata; 412 conditionNotMet unless the current fingerprint is given."""
    body = find(cloud, call)
    if call.body.get("fingerprint") != body["resource"]["metadata"]["fingerprint"]:
        raise stale_fingerprint()
    metadata = rules.checked_metadata(call.body)
    return _change(cloud, call, body, "setMetadata", lambda resource: resource.update(metadata=metadata))


def set_scheduling(cloud: Cloud, call: Call) -> Json:
    """Replace the scheduling, only while TERMINATED; what is left out takes Google's default."""
    body = _find_off(cloud, call)
    has_gpu = bool(body["resource"].get("guestAccelerators"))
    kept = {name: body["resource"]["scheduling"][name] for name in ("provisioningModel", "preemptible")}
    scheduling = rules.checked_scheduling(kept | call.body, has_gpu=has_gpu)
    return _change(cloud, call, body, "setScheduling", lambda resource: resource.update(scheduling=scheduling))


def set_machine_type(cloud: Cloud, call: Call) -> Json:
    """Change the machine type, only while TERMINATED."""
    body = _find_off(cloud, call)
    name = rules.checked_machine_type(call, call.body.get("machineType") or "")
    address = link("projects", call.project, "zones", call.zone, "machineTypes", name)
    return _change(cloud, call, body, "setMachineType", lambda resource: resource.update(machineType=address))


def set_machine_resources(cloud: Cloud, call: Call) -> Json:
    """Change the GPUs, only while TERMINATED."""
    body = _find_off(cloud, call)
    gpus = rules.checked_accelerators(call, parts(call.body, "guestAccelerators"))
    rules.checked_scheduling(body["resource"]["scheduling"], has_gpu=bool(gpus))
    return _change(cloud, call, body, "setMachineResources", lambda resource: resource.update(guestAccelerators=gpus))


def set_service_account(cloud: Cloud, call: Call) -> Json:
    """Let the instance run as another account, or as nobody, only while TERMINATED."""
    body = _find_off(cloud, call)
    email = str(call.body.get("email") or "")
    accounts = [{"email": email, "scopes": list(parts(call.body, "scopes"))}] if email else []
    return _change(cloud, call, body, "SetServiceAccount", lambda resource: resource.update(serviceAccounts=accounts))


def set_tags(cloud: Cloud, call: Call) -> Json:
    """Replace the network tags; 412 for a stale fingerprint."""
    body = find(cloud, call)
    if call.body.get("fingerprint") != body["resource"]["tags"]["fingerprint"]:
        raise stale_fingerprint()
    items = list(parts(call.body, "items"))
    tags: Json = {"items": items, "fingerprint": fingerprint(items)}
    return _change(cloud, call, body, "setTags", lambda resource: resource.update(tags=tags))


def set_labels(cloud: Cloud, call: Call) -> Json:
    """Replace the labels; 412 for a stale fingerprint."""
    body = find(cloud, call)
    if call.body.get("labelFingerprint") != body["resource"]["labelFingerprint"]:
        raise stale_fingerprint()
    labels = dict(part(call.body, "labels"))
    changed: Json = {"labels": labels, "labelFingerprint": fingerprint(labels)}
    return _change(cloud, call, body, "setLabels", lambda resource: resource.update(changed))


def set_deletion_protection(cloud: Cloud, call: Call) -> Json:
    """Protect the instance from deletion, or no longer."""
    body = find(cloud, call)
    protected = call.query.get("deletionProtection", "true").lower() == "true"
    return _change(
        cloud,
        call,
        body,
        "setDeletionProtection",
        lambda resource: resource.update(deletionProtection=protected),
    )
