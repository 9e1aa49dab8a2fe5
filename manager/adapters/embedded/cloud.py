"""The cloud itself: its memory, its clock, its pace, its addresses and its faults."""

import base64
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from manager.adapters.embedded.clock import Clock, moment, wall_clock
from manager.adapters.embedded.faults import Faults
from manager.adapters.embedded.store import Store
from manager.adapters.embedded.timeline import Pace

_HOSTS = 254 * 254

# Answers the external addresses that machines may get, the best one first; `place` is another for each start.
AddressPool = Callable[[int], Iterable[str]]


class Cloud:
    """Everything that a handler may use. Documents of a collection are keyed `project/scope/name`."""

    def __init__(
        self,
        state_dir: Path,
        clock: Clock = wall_clock,
        speed: float = 0.2,
        address: str | None = None,
        pool: AddressPool | None = None,
    ) -> None:
        """Open the state in `state_dir`, or a new one.

        All machines share `address`; None gives each its own: out of `pool`, or a loopback address.
        """
        state_dir.mkdir(parents=True, exist_ok=True)
        self.state_dir = state_dir = state_dir.absolute()  # machines run in other folders
        self.store = Store(state_dir / "cloud.sqlite3")
        self.faults = Faults(self.store)
        self.pace = Pace(speed)
        self._clock = clock
        self._address = address
        self._pool = pool or self._loopback
        with self.store.transaction():
            if self.store.get("cloud", "seed") is None:
                seed = hashlib.sha256(str(state_dir.resolve()).encode()).hexdigest()
                self.store.put("cloud", "seed", {"value": seed})
        self._seed = str((self.store.get("cloud", "seed") or {})["value"])

    def now(self) -> float:
        """Answer the cloud's time, in seconds since the epoch: the clock, and what was skipped by `advance`."""
        return moment(self._clock) + float((self.store.get("cloud", "skipped") or {"value": 0})["value"])

    def advance(self, seconds: float) -> None:
        """Let time pass at once; for trials and tests."""
        with self.store.transaction():
            skipped = float((self.store.get("cloud", "skipped") or {"value": 0})["value"])
            self.store.put("cloud", "skipped", {"value": skipped + seconds})

    def new_id(self) -> str:
        """Answer a resource id: an unsigned 64-bit number as text, never given twice."""
        digest = hashlib.sha256(f"{self._seed}/{self.store.count('id')}".encode()).digest()
        return str(int.from_bytes(digest[:8], "big") >> 1 | 1 << 60)

    def new_address(self) -> str:
        """Answer an external address that is in nobody's use: loopback, never 127.0.0.1, never the last one.

        Where the pool begins depends on the state folder, so that two clouds on one computer keep apart. A shared
        address is as behind a router: the machines differ by their ports.
        """
        if self._address is not None:
            return self._address
        taken = {str(body.get("address")) for name in ("instance", "address") for body in self.store.all(name)}
        place = int(self._seed[2:8], 16) + self.store.count("external-address")
        return next(address for address in self._pool(place) if address not in taken)

    def _loopback(self, place: int) -> Iterable[str]:
        second = 64 + int(self._seed[:2], 16) % 128
        for number in range(place, place + _HOSTS):
            host = number % _HOSTS
            yield f"127.{second}.{1 + host // 254}.{1 + host % 254}"

    def new_internal_address(self) -> str:
        """Answer an internal address; nothing listens there."""
        place = self.store.count("internal-address") - 1
        return f"10.138.{place // 250 % 16}.{2 + place % 250}"

    def close(self) -> None:
        """Close the state."""
        self.store.close()


def fingerprint(content: object) -> str:
    """Answer the fingerprint of content, as Google writes them: a short base64."""
    return base64.urlsafe_b64encode(hashlib.sha256(repr(content).encode()).digest()[:8]).decode()


def key(*parts: str) -> str:
    """Answer the key of a document: `project/scope/name`."""
    return "/".join(parts)
