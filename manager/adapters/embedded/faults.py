"""Faults on demand: what may go wrong in the cloud, as often as asked for.

A fault has a kind, a match (which requests or boxes it meets), a number of times (None: until it is removed) and
parameters. Faults are documents like everything else, so they survive a restart.

Kinds and their parameters, by where they strike:

before the request takes effect
    permission-denied   permission (default: the method's own, compute.instances.start)
    api-disabled        SERVICE_DISABLED
    billing-disabled
    rate-limit          status 429 (default) or 403
    error-before        status (503)
after it took effect
    error-after         status (503)
    lost-answer         the connection is closed instead
    duplicate           the request is delivered a second time
on the way
    slow-answer         seconds (5)
    stale-read          seconds (10): reads answer what was answered that long ago
in the operation
    stockout            zonesAvailable (list), plain (True: without details)
    quota               metric, limitName, limit, dimensions
    operation-error     code, message, httpErrorStatusCode (absent: none)
    slow-operation      seconds (60)
    stuck-operation
in the guest, `seconds` (0) after it runs
    never-boots hangs halts disk-full powers-off preempted host-error
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from manager.adapters.embedded.store import Json, Store

BEFORE = frozenset({"permission-denied", "api-disabled", "billing-disabled", "rate-limit", "error-before"})
AFTER = frozenset({"error-after", "lost-answer"})
ON_THE_WAY = frozenset({"duplicate", "slow-answer", "stale-read"})
CAPACITY = frozenset({"stockout", "quota"})
IN_OPERATION = frozenset({"operation-error", "slow-operation", "stuck-operation"})
GUEST = frozenset({"never-boots", "hangs", "halts", "disk-full", "powers-off", "preempted", "host-error"})
KINDS = BEFORE | AFTER | ON_THE_WAY | CAPACITY | IN_OPERATION | GUEST
MATCHES = frozenset({"method", "project", "zone", "machine_type", "instance"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. `match` names exact values; what it leaves out matches everything."""

    kind: str
    match: dict[str, str] = field(default_factory=dict[str, str])
    times: int | None = 1
    parameters: Json = field(default_factory=dict[str, Any])
    id: str = ""

    def __post_init__(self) -> None:
        """Refuse what could never strike."""
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}; one of {', '.join(sorted(KINDS))}")
        if unknown := set(self.match) - MATCHES:
            raise ValueError(f"cannot match on {', '.join(sorted(unknown))}; only {', '.join(sorted(MATCHES))}")
        if self.times is not None and self.times < 1:
            raise ValueError("times is a count of 1 or more, or null for ever")

    def meets(self, facts: dict[str, str]) -> bool:
        """Tell whether every matched fact has the value asked for."""
        return all(facts.get(name) == value for name, value in self.match.items())

    def seconds(self, default: float) -> float:
        """Answer the parameter `seconds`."""
        return float(self.parameters.get("seconds", default))


class Faults:
    """The faults that are armed, oldest first."""

    def __init__(self, store: Store) -> None:
        """Keep them in `store`."""
        self._store = store

    def add(self, kind: str, match: dict[str, str] | None = None, times: int | None = 1, **parameters: Any) -> Fault:
        """Arm a fault; ValueError where it could never strike."""
        Fault(kind, match or {}, times, parameters)
        with self._store.transaction():
            fault = Fault(kind, match or {}, times, parameters, f"{self._store.count('fault'):06d}")
            self._store.put("fault", fault.id, asdict(fault))
        return fault

    def all(self) -> list[Fault]:
        """Answer the armed faults."""
        return [Fault(**body) for body in self._store.all("fault")]

    def remove(self, fault_id: str) -> bool:
        """Disarm one; False where there is none."""
        with self._store.transaction():
            known = self._store.get("fault", fault_id) is not None
            self._store.delete("fault", fault_id)
        return known

    def clear(self) -> None:
        """Disarm all."""
        with self._store.transaction():
            for fault in self.all():
                self._store.delete("fault", fault.id)

    def take(self, kinds: frozenset[str], facts: dict[str, str]) -> Fault | None:
        """Answer the oldest fault of `kinds` that meets `facts`, and count it down."""
        with self._store.transaction():
            for fault in self.all():
                if fault.kind in kinds and fault.meets(facts):
                    self._spend(fault)
                    return fault
        return None

    def _spend(self, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times == 1:
            self._store.delete("fault", fault.id)
        else:
            self._store.put("fault", fault.id, asdict(fault) | {"times": fault.times - 1})
