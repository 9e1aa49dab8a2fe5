"""Why a box was found on or off, read from Google's operations on it."""

from collections.abc import Sequence

from manager.domain.box import Cause, Intent, Operation

# Operation types that Google writes when a VM is stopped; the system's own ones carry the prefix.
_OFF = {
    "stop": Cause.OUTSIDE,
    "compute.instances.stop": Cause.OUTSIDE,
    "compute.instances.deferredStop": Cause.RUN_LIMIT,
    "compute.instances.preempted": Cause.PREEMPTED,
    "compute.instances.hostError": Cause.HOST,
    "compute.instances.terminateOnHostMaintenance": Cause.HOST,
    "compute.instances.guestTerminate": Cause.GUEST,
}
_ON = {
    "start": Cause.OUTSIDE,
    "compute.instances.start": Cause.OUTSIDE,
    "insert": Cause.OUTSIDE,
    "reset": Cause.OUTSIDE,
    "compute.instances.automaticRestart": Cause.HOST,
}


def cause_of(intent: Intent, operations: Sequence[Operation]) -> tuple[Cause, str | None]:
    """The cause that the newest fitting operation tells, and who asked for it; operations come newest first."""
    table = _OFF if intent is Intent.OFF else _ON
    for operation in operations:
        cause = table.get(operation.kind)
        if cause is not None and operation.fault is None:
            return cause, operation.user if cause is Cause.OUTSIDE else None
    return Cause.UNKNOWN, None
