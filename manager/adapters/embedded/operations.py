"""Operations: PENDING, RUNNING, DONE, by what was written down when they were accepted.

A method that changes something asks for a `Plan` first: when the operation ends, and with which error if a fault
struck. It applies its effect only without an error, then records the operation. System operations
(compute.instances.preempted and the like) may be recorded for a moment to come: until then nobody sees them.
"""

import hashlib
from dataclasses import dataclass

from manager.adapters.embedded import refusals
from manager.adapters.embedded.call import Call
from manager.adapters.embedded.clock import rfc3339
from manager.adapters.embedded.cloud import Cloud, key
from manager.adapters.embedded.errors import OperationError
from manager.adapters.embedded.faults import CAPACITY, IN_OPERATION
from manager.adapters.embedded.links import link
from manager.adapters.embedded.store import Json
from manager.adapters.embedded.timeline import REFUSING

USER = "gpubox@embedded.invalid"
_CANCELED = OperationError("OPERATION_CANCELED_BY_USER", f"Operation was canceled by user '{USER}'.", [], 409)
_PENDING_SHARE, _PENDING_SECONDS = 0.1, 1.0  # of an operation's time passes before it begins, and at most
_KEPT_SECONDS = 14 * 24 * 3600  # Google lists operations for 14 days
_NEEDS_CAPACITY = frozenset({"instances.start", "instances.insert"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What will become of an operation: `ends` is None where it is stuck; `delay` is what a fault adds."""

    ends: float | None
    delay: float | None = 0.0
    error: OperationError | None = None


def plan(cloud: Cloud, call: Call, seconds: float, accelerator: str | None = None) -> Plan:
    """Decide how the operation of `call` will go that lasts `seconds` at speed 1."""
    kinds = IN_OPERATION | CAPACITY if call.method in _NEEDS_CAPACITY else IN_OPERATION
    fault = cloud.faults.take(kinds, call.facts)
    lasts = cloud.pace.of(seconds)
    if fault is None:
        return Plan(call.now + lasts)
    if fault.kind == "stuck-operation":
        return Plan(None, None)
    if fault.kind == "slow-operation":
        return Plan(call.now + lasts + fault.seconds(60), fault.seconds(60))
    error = refusals.operation_error(fault, call.path.get("zone", ""), call.facts.get("machine_type", ""), accelerator)
    return Plan(call.now + cloud.pace.of(REFUSING), error=error)


def record(cloud: Cloud, call: Call, outcome: Plan, operation_type: str, target: Json, *, user: str = USER) -> Json:
    """Write the operation of a call down and answer it as the client sees it. `target` has `path` and `id`."""
    body = _write(cloud, call.project, call.scope, operation_type, target, call.now, outcome, user)
    if request_id := call.query.get("requestId"):
        body["clientOperationId"] = request_id
        _save(cloud, body)
    return render(body, call.now)


def happen(cloud: Cloud, operation_type: str, target: Json, begins: float, ends: float) -> None:
    """Write down an operation of the system's, e.g. compute.instances.preempted; it may lie in the future."""
    scope = f"zones/{target['zone']}"
    _write(cloud, target["project"], scope, operation_type, target, begins, Plan(ends), "system")


def _write(
    cloud: Cloud,
    project: str,
    scope: str,
    operation_type: str,
    target: Json,
    begins: float,
    outcome: Plan,
    user: str,
) -> Json:
    operation_id = cloud.new_id()
    digest = hashlib.sha256(operation_id.encode()).hexdigest()
    prefix = "systemevent" if user == "system" else "operation"
    body: Json = {
        "project": project,
        "scope": scope,
        "id": operation_id,
        "name": f"{prefix}-{int(begins * 1000)}-{digest[:13]}-{digest[13:21]}-{digest[21:29]}",
        "operationType": operation_type,
        "target": target["path"],
        "targetId": target["id"],
        "user": user,
        "begins": begins,
        "ends": outcome.ends,
        "failure": outcome.error.fields() if outcome.error else None,
    }
    _save(cloud, body)
    return body


def _save(cloud: Cloud, body: Json) -> None:
    due = body["begins"] + _KEPT_SECONDS
    cloud.store.put("operation", key(body["project"], body["scope"], body["name"]), body, due)


def forget_old(cloud: Cloud, now: float) -> None:
    """Remove operations that Google would no longer list."""
    for name, _ in cloud.store.due("operation", now):
        cloud.store.delete("operation", name)


def revise(cloud: Cloud, target_id: str, now: float) -> None:
    """Take back what was planned for a target: its future system operations, and its unfinished own ones.

    A start that a stop overtakes is DONE, with an error that says so.
    """
    for body in cloud.store.all("operation"):
        if body["targetId"] != target_id:
            continue
        name = key(body["project"], body["scope"], body["name"])
        if body["begins"] > now:
            cloud.store.delete("operation", name)
        elif (body["ends"] is None or body["ends"] > now) and body["operationType"] in {"start", "insert", "stop"}:
            _save(cloud, body | {"ends": now, "failure": body["failure"] or _CANCELED.fields()})


def _started(body: Json) -> float:
    """Answer when an operation leaves PENDING."""
    lasts = _PENDING_SECONDS / _PENDING_SHARE if body["ends"] is None else body["ends"] - body["begins"]
    return body["begins"] + min(lasts * _PENDING_SHARE, _PENDING_SECONDS)


def status(body: Json, now: float) -> str:
    """Answer an operation's status at `now`."""
    if body["ends"] is not None and body["ends"] <= now:
        return "DONE"
    return "PENDING" if now < _started(body) else "RUNNING"


def render(body: Json, now: float) -> Json:
    """Answer an operation as Google writes it at `now`."""
    told = status(body, now)
    address = link("projects", body["project"], body["scope"], "operations", body["name"])
    shown: Json = {
        "kind": "compute#operation",
        "id": body["id"],
        "name": body["name"],
        "operationType": body["operationType"],
        "targetLink": link(body["target"]),
        "targetId": body["targetId"],
        "status": told,
        "user": body["user"],
        "progress": 100 if told == "DONE" else 0,
        "insertTime": rfc3339(body["begins"]),
        "selfLink": address,
    }
    kind, _, place = body["scope"].partition("/")
    if place:
        shown[kind[:-1]] = link("projects", body["project"], body["scope"])
    if "clientOperationId" in body:
        shown["clientOperationId"] = body["clientOperationId"]
    if told != "PENDING":
        shown["startTime"] = rfc3339(_started(body))
    if told == "DONE":
        shown["endTime"] = rfc3339(body["ends"])
        shown |= body["failure"] or {}
    return shown
