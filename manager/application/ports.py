"""What the application asks of the world. Owned here, by the caller; the adapters fit themselves to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from manager.domain.box import Box, Observation, Operation, Place, Scheduling
from manager.domain.cost import Session
from manager.domain.journal import Entry


class Clock(Protocol):
    """The time, in aware UTC."""

    def now(self) -> datetime:
        """The present moment."""
        ...


@dataclass(frozen=True, slots=True)
class SerialOutput:
    """A piece of serial port 1. `next` is passed back to read on; `start` moved forward where output was lost."""

    text: str
    start: int
    next: int


class Cloud(Protocol):
    """A Compute Engine. Every call raises a `CloudError`; none is silent about failure."""

    async def observe(self, place: Place) -> Observation:
        """Read the VM."""
        ...

    async def write_metadata(self, place: Place, values: Mapping[str, str]) -> None:
        """Merge these keys into the VM's metadata and see the operation through; an empty value takes its key out."""
        ...

    async def set_scheduling(self, place: Place, scheduling: Scheduling) -> None:
        """Set the run limit and what goes with it, and see the operation through. Only while TERMINATED."""
        ...

    async def start(self, place: Place, request_id: str) -> Operation:
        """Ask for a start; the same request id never starts twice."""
        ...

    async def stop(self, place: Place, request_id: str) -> Operation:
        """Ask for a stop; stopping a stopped VM is no error."""
        ...

    async def operation(self, place: Place, name: str) -> Operation | None:
        """Read an operation; None where the cloud does not know it any more."""
        ...

    async def find_operation(self, place: Place, request_id: str) -> Operation | None:
        """The operation that a request id led to, or None."""
        ...

    async def recent_operations(self, place: Place, since: datetime) -> Sequence[Operation]:
        """Operations on this VM since then, newest first: they tell why a VM was started or stopped."""
        ...

    async def serial_output(self, place: Place, start: int = 0) -> SerialOutput:
        """Serial port 1 from this offset on."""
        ...

    async def guest_attributes(self, place: Place) -> Mapping[str, str]:
        """The `gpubox` namespace of the guest attributes; empty where nothing was written."""
        ...


@dataclass(frozen=True, slots=True)
class BoxSpec:
    """What a new box is made of. Sizes in GB; the image is the newest of its family.

    `data_disk` is the name of the disk that outlives the VM; it is made where it is missing. `service_account` is
    the email that the VM acts as, None for no account. `running` False: the VM is stopped once it is made.
    """

    machine_type: str
    data_disk: str
    tag: str
    gpu: str | None = None
    gpu_count: int = 1
    spot: bool = False
    max_run: timedelta | None = None
    image_family: str = "common-cu129-ubuntu-2204-nvidia-580"
    image_project: str = "deeplearning-platform-release"
    boot_size_gb: int = 100
    boot_type: str = "pd-balanced"
    data_size_gb: int = 200
    data_type: str = "pd-balanced"
    service_account: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    running: bool = False


class BoxBuilder(Protocol):
    """Makes and deletes boxes in a Compute Engine. Every call raises a `CloudError`; changes are seen through."""

    async def create_box(self, place: Place, spec: BoxSpec) -> None:
        """Make the data disk where it is missing, and the VM, protected from deletion; Conflict if it is there."""
        ...

    async def delete_box(self, place: Place, delete_data_disk: bool = False) -> Sequence[str]:
        """Delete the VM. Its data disks stay unless told otherwise; answers the names of those that stay."""
        ...

    async def zones_with(self, project: str, gpu: str) -> Sequence[str]:
        """The zones that offer a GPU type, sorted; offering is not having one free now."""
        ...

    async def missing_permissions(self, place: Place) -> Sequence[str]:
        """What the caller is not allowed to do with the VM, of what the program needs; empty where all is well."""
        ...


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a ComfyUI says of itself. Counters only grow within one `boot_id`; ages are in seconds.

    `presence` is False where the presence node is missing; counters and ages are then None. `version` is ComfyUI's
    own, without a leading v; None where the node does not tell it.
    """

    running: int
    pending: int
    presence: bool
    boot_id: str | None = None
    person_count: int | None = None
    person_age: float | None = None
    progress_count: int | None = None
    progress_age: float | None = None
    progress_share: float | None = None
    veto: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """How the manager itself comes to a box. `box` names the box whose gate has to be opened, None where there is none.

    `certificate` (PEM) is the only one that is accepted there; without it the usual authorities are asked.
    """

    url: str
    box: str | None = None
    certificate: str | None = None


class ComfyUi(Protocol):
    """A ComfyUI server. Raises `ComfyUnreachable`."""

    async def pulse(self, door: Door) -> Pulse:
        """Queue, people and progress, in one short call."""
        ...


class Gate(Protocol):
    """The gate of a box."""

    async def say(self, door: Door, statement: Mapping[str, Any]) -> Any:
        """Make a statement (its claims, docs/box.md); the report, as it came. Raises GateUnreachable."""
        ...


class Store(Protocol):
    """What survives a restart. Every call raises `StoreUnavailable` where the database cannot be used."""

    async def boxes(self) -> Sequence[Box]:
        """All boxes, the first one first."""
        ...

    async def add_box(self, box: Box) -> None:
        """Remember a new box; raises BoxExists."""
        ...

    async def save_box(self, box: Box) -> Box:
        """Save; the answer carries the next version. Raises Conflict if somebody saved or removed it meanwhile."""
        ...

    async def remove_box(self, name: str) -> None:
        """Forget a box, not its journal and its sessions."""
        ...

    async def write_journal(self, entry: Entry) -> None:
        """Append to the journal."""
        ...

    async def journal(self, box: str, limit: int) -> Sequence[Entry]:
        """The latest entries, newest first."""
        ...

    async def save_session(self, session: Session) -> None:
        """Insert or update a billed session, by box and start."""
        ...

    async def sessions(self, box: str, since: datetime) -> Sequence[Session]:
        """Sessions that ended after `since` or are still open, oldest first."""
        ...

    async def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        """A token is dead from now on."""
        ...

    async def revoked_tokens(self, now: datetime) -> Mapping[str, datetime]:
        """Dead tokens that have not expired yet; older ones are forgotten."""
        ...

    async def read_secret(self, name: str) -> str | None:
        """A small value kept for the program itself, e.g. the password's hash."""
        ...

    async def write_secret(self, name: str, value: str) -> None:
        """Keep such a value."""
        ...

    async def prune(self, before: datetime) -> int:
        """Forget journal entries, closed sessions and expired tokens older than this; returns how many."""
        ...

    async def ping(self) -> None:
        """Whether the database can be read and written now."""
        ...


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a session token says."""

    token_id: str
    issued_at: datetime
    expires_at: datetime


class Tokens(Protocol):
    """Signs and reads session tokens."""

    def issue(self, now: datetime) -> tuple[str, TokenClaims]:
        """A new token."""
        ...

    def read(self, token: str, now: datetime) -> TokenClaims:
        """Claims of a valid token; raises NotAuthenticated (why: expired, invalid)."""
        ...


class Passwords(Protocol):
    """Slow hashes, in threads so that the event loop goes on."""

    async def hash(self, password: str) -> str:
        """An argon2id hash."""
        ...

    async def verify(self, password: str, hashed: str) -> bool:
        """Constant-time comparison; False for a hash that cannot be read."""
        ...
