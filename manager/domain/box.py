"""The words of the domain: a box, what is wanted of it, what was seen of it.

Everything here is an immutable value. All moments are aware datetimes in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from manager.domain.allowing import Allowance
from manager.domain.errors import Fault

# The metadata key that tells a box which version of ComfyUI to run.
COMFYUI_REF = "gpubox-comfyui-ref"


class Intent(StrEnum):
    """What is wanted of a box."""

    ON = "on"
    OFF = "off"


class Phase(StrEnum):
    """What a person sees of a box."""

    OFF = "off"
    QUEUED = "queued"
    STARTING = "starting"
    SETTING_UP = "setting_up"
    READY = "ready"
    STOPPING = "stopping"
    TROUBLE = "trouble"


class Cause(StrEnum):
    """Why a box is being turned on or off, or was found so."""

    PERSON = "person"
    IDLE = "idle"
    SILENT = "silent"
    RUN_LIMIT = "run_limit"
    NO_CAPACITY = "no_capacity"
    FAILED = "failed"
    OUTSIDE = "outside"
    PREEMPTED = "preempted"
    HOST = "host"
    GUEST = "guest"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a VM lives, in Google's words."""

    project: str
    zone: str
    instance: str


@dataclass(frozen=True, slots=True)
class Disk:
    """A persistent disk that bills while the VM is off too."""

    kind: str
    size_gb: int


@dataclass(frozen=True, slots=True)
class Machine:
    """What a VM is made of, as far as it costs money."""

    machine_type: str
    gpu: str | None = None
    gpu_count: int = 0
    spot: bool = False
    disks: tuple[Disk, ...] = ()


@dataclass(frozen=True, slots=True)
class Scheduling:
    """Google's own backstop. `max_run` None means no run limit."""

    max_run: timedelta | None
    termination_action: str = "STOP"
    automatic_restart: bool = False
    on_host_maintenance: str = "TERMINATE"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a VM has to be set up before it may be started. Of a setting that is not set, the value is empty."""

    metadata: Mapping[str, str]
    scheduling: Scheduling


@dataclass(frozen=True, slots=True)
class Observation:
    """What the cloud said of a VM at one moment. `status` is Google's own word, also one that is not known yet."""

    at: datetime
    status: str
    machine: Machine
    scheduling: Scheduling
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    external_ip: str | None = None
    external_ipv6: str | None = None
    tags: tuple[str, ...] = ()
    created_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    run_limit_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One of Google's operations: `done` includes failure, which `fault` then tells."""

    name: str
    kind: str
    done: bool
    at: datetime
    fault: Fault | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A start or a stop on its way to the cloud.

    `request_id` is stored before the cloud is called, so that a process that dies in between can ask again
    without the cloud acting twice. `operation` is the name that the cloud answered; `done_at` the moment when
    that operation was seen to have ended well. `known_start` is when the VM had last started before the call:
    once the cloud tells another moment, this call has acted (no clock of ours is compared with Google's).
    `asked_again` says that a person asked once more after it was sent.
    """

    asked_at: datetime
    request_id: str | None = None
    called_at: datetime | None = None
    operation: str | None = None
    done_at: datetime | None = None
    known_start: datetime | None = None
    asked_again: bool = False
    tries: int = 0
    retry_at: datetime | None = None

    @property
    def unresolved(self) -> bool:
        """Whether the cloud may still act on this call."""
        return self.request_id is not None and self.done_at is None


@dataclass(frozen=True, slots=True)
class Box:
    """A GPU VM with its data disk, as the manager remembers it.

    `start` and `stop` hold the calls that are not seen through yet. `session_at` is when the VM began to bill.
    `allowances` are the networks that somebody let in; `manager_address` is the manager's own, as this box last saw
    it; `comfyui_ref` is the version of ComfyUI that was asked for instead of the settings'.
    `version` guards a save against a change made meanwhile.
    """

    name: str
    place: Place
    intent: Intent
    cause: Cause
    since: datetime
    start: Call | None = None
    stop: Call | None = None
    fault: Fault | None = None
    hold_until: datetime | None = None
    panel_at: datetime | None = None
    session_at: datetime | None = None
    allowances: tuple[Allowance, ...] = ()
    manager_address: str | None = None
    comfyui_ref: str | None = None
    version: int = 0
