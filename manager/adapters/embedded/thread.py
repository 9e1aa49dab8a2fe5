"""The embedded cloud in a thread of this process: for tests and trials that hold its clock and faults in hand."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.types import ASGIApp

from manager.adapters.embedded.clock import Clock, wall_clock
from manager.adapters.embedded.cloud import AddressPool, Cloud
from manager.adapters.embedded.machines.idle import IdleMachine
from manager.adapters.embedded.machines.machine import MachineFactory
from manager.adapters.embedded.residence import Residence
from manager.adapters.embedded.server import Running

_PATIENCE_SECONDS = 30.0


class CloudThread:
    """A context in which the cloud is served: `with CloudThread(tmp_path, clock=clock) as served:`.

    `served.endpoint` is its address, `served.cloud` the cloud itself (faults, ledger, `advance`). Without a
    machine factory, machines are switched on and off but run nothing.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        clock: Clock = wall_clock,
        speed: float = 0.0,
        address: str | None = None,
        pool: AddressPool | None = None,
        make: MachineFactory = IdleMachine,
        wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    ) -> None:
        """Describe the cloud; `wrap` may put middleware around its application."""
        self._state_dir, self._clock, self._speed, self._make, self._wrap = state_dir, clock, speed, make, wrap
        self._address, self._pool = address, pool
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="embedded-cloud", daemon=True)
        self._running: Running | None = None

    def __enter__(self) -> Self:
        self._residence = Residence(self._state_dir).__enter__()
        self._listener = self._residence.listener(None)
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cloud = Cloud(self._state_dir, self._clock, self._speed, self._address, self._pool)
        self._thread.start()
        if not self._started.wait(_PATIENCE_SECONDS):
            raise TimeoutError("the embedded cloud did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._running.stop()
        self._thread.join(_PATIENCE_SECONDS)
        self.cloud.close()
        self._listener.close()
        self._residence.__exit__(kind, value, trace)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._running = Running(self.cloud, self._listener, self._make, self._wrap)
        self._started.set()
        await self._running.run()
