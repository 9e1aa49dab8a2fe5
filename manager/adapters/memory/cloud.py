"""A Compute Engine reduced to what the port promises: VMs that start and stop at once or when told to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from manager.application.ports import Clock, SerialOutput
from manager.domain.box import Disk, Machine, Observation, Operation, Place, Scheduling
from manager.domain.errors import CloudRefused, NoSuchResource, NotReadyYet

T4 = Machine("n1-standard-4", "nvidia-tesla-t4", 1, disks=(Disk("pd-balanced", 100),))


@dataclass(slots=True)
class MemoryVm:
    """One VM. `starts` and `stops` count what really happened to it."""

    seen: Observation
    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    requests: dict[str, str] = field(default_factory=dict[str, str])
    guest: dict[str, str] = field(default_factory=dict[str, str])
    starts: int = 0
    stops: int = 0


class MemoryCloud:
    """All VMs by their place. Operations act and end at once, unless `pending` is set: then `settle()` does it.

    As in the cloud, a start that was accepted does not show in the VM's status before it acts.
    """

    def __init__(self, clock: Clock, *, pending: bool = False) -> None:
        self.vms: dict[Place, MemoryVm] = {}
        self.pending = pending
        self._clock = clock
        self._operations = 0

    def add(self, place: Place, machine: Machine = T4, status: str = "TERMINATED") -> MemoryVm:
        """Put a VM there."""
        now = self._clock.now()
        vm = MemoryVm(Observation(now, status, machine, Scheduling(None), tags=("gpubox",)))
        if status == "RUNNING":
            vm.seen = replace(vm.seen, started_at=now, external_ip="127.0.0.9")
        self.vms[place] = vm
        return vm

    async def observe(self, place: Place) -> Observation:
        """Read the VM."""
        vm = self._vm(place)
        vm.seen = replace(vm.seen, at=self._clock.now())
        return vm.seen

    async def write_metadata(self, place: Place, values: Mapping[str, str]) -> None:
        """Merge keys into the metadata; an empty value takes its key out."""
        vm = self._vm(place)
        merged = {key: value for key, value in {**vm.seen.metadata, **values}.items() if value}
        vm.seen = replace(vm.seen, metadata=merged)

    async def set_scheduling(self, place: Place, scheduling: Scheduling) -> None:
        """Set the run limit; refused while the VM is not off, as Google does."""
        vm = self._vm(place)
        if vm.seen.status != "TERMINATED":
            raise CloudRefused(reason="conditionNotMet", message="Instance must be stopped.")
        vm.seen = replace(vm.seen, scheduling=scheduling)

    async def start(self, place: Place, request_id: str) -> Operation:
        """Start; the same request id is the same operation."""
        vm = self._vm(place)
        if request_id in vm.requests:
            return vm.operations[vm.requests[request_id]]
        if vm.seen.status == "STOPPING":
            raise NotReadyYet(detail="The resource is stopping.")
        vm.starts += 1
        return self._operate(vm, "start", request_id)

    async def stop(self, place: Place, request_id: str) -> Operation:
        """Stop; stopping a stopped VM is no error."""
        vm = self._vm(place)
        if request_id in vm.requests:
            return vm.operations[vm.requests[request_id]]
        if vm.seen.status == "RUNNING":
            vm.stops += 1
            vm.seen = replace(vm.seen, status="STOPPING")
        return self._operate(vm, "stop", request_id)

    async def operation(self, place: Place, name: str) -> Operation | None:
        """Read an operation."""
        return self._vm(place).operations.get(name)

    async def find_operation(self, place: Place, request_id: str) -> Operation | None:
        """The operation that a request id led to."""
        vm = self._vm(place)
        name = vm.requests.get(request_id)
        return None if name is None else vm.operations[name]

    async def recent_operations(self, place: Place, since: datetime) -> Sequence[Operation]:
        """Operations since then, newest first."""
        return [op for op in reversed(self._vm(place).operations.values()) if op.at >= since]

    async def serial_output(self, place: Place, start: int = 0) -> SerialOutput:
        """An empty serial port."""
        self._vm(place)
        return SerialOutput("", start, start)

    async def guest_attributes(self, place: Place) -> Mapping[str, str]:
        """What the test wrote into `guest`."""
        return dict(self._vm(place).guest)

    def settle(self, place: Place) -> None:
        """Let the operations that are under way on a VM act and end, in their order."""
        vm = self._vm(place)
        for name, operation in vm.operations.items():
            if not operation.done:
                self._act(vm, operation)
                vm.operations[name] = replace(operation, done=True)

    def outside(self, place: Place, kind: str, user: str | None = None) -> None:
        """Somebody else starts (`start`) or stops the VM by an operation of this kind."""
        vm = self._vm(place)
        if kind == "start":
            self._run(vm)
        else:
            self._end(vm)
        self._record(vm, Operation(self._next_name(), kind, done=True, at=self._clock.now(), user=user))

    def _operate(self, vm: MemoryVm, kind: str, request_id: str) -> Operation:
        operation = Operation(self._next_name(), kind, done=not self.pending, at=self._clock.now())
        vm.requests[request_id] = operation.name
        self._record(vm, operation)
        if operation.done:
            self._act(vm, operation)
        return operation

    def _act(self, vm: MemoryVm, operation: Operation) -> None:
        if operation.kind == "start" and vm.seen.status != "RUNNING":
            self._run(vm)
        elif operation.kind == "stop" and vm.seen.status == "STOPPING":
            self._end(vm)

    def _run(self, vm: MemoryVm) -> None:
        now = self._clock.now()
        limit = vm.seen.scheduling.max_run
        vm.seen = replace(
            vm.seen,
            status="RUNNING",
            started_at=now,
            external_ip=f"127.0.{self._operations % 250}.9",
            run_limit_at=None if limit is None else now + limit,
        )

    def _end(self, vm: MemoryVm) -> None:
        vm.seen = replace(
            vm.seen, status="TERMINATED", stopped_at=self._clock.now(), external_ip=None, run_limit_at=None
        )

    def _record(self, vm: MemoryVm, operation: Operation) -> None:
        vm.operations[operation.name] = operation

    def _next_name(self) -> str:
        self._operations += 1
        return f"operation-{self._operations}"

    def _vm(self, place: Place) -> MemoryVm:
        try:
            return self.vms[place]
        except KeyError:
            raise NoSuchResource(kind="instance", name=place.instance) from None
