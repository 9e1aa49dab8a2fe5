"""The end, step by step: close the door, look once more, power off; where that hangs, more and more firmly."""

import logging
from collections.abc import Awaitable, Callable

from gpubox_agent.guard.aside import aside
from gpubox_agent.guard.executor import Executor, Way

# How long each step may take before the next is tried. Services may take a while to end: TimeoutStopSec is 90 s.
STEPS = ((Way.POWEROFF, 90.0), (Way.FORCE, 30.0), (Way.FORCE_TWICE, 15.0))
SYSRQ_STEPS = ((Way.SYNC, 3.0), (Way.READ_ONLY, 3.0), (Way.SYSRQ, 20.0))

_log = logging.getLogger(__name__)

Pause = Callable[[float], Awaitable[None]]
Note = Callable[[str], None]


async def power_off(executor: Executor, pause: Pause, note: Note, rounds: int | None = None) -> None:
    """Goes on until the machine is off, which nobody sees here. `rounds` ends it in a test."""
    for way, patience_s in STEPS:
        await _try(executor, way, note)
        await pause(patience_s)
    while rounds is None or rounds > 0:
        for way, patience_s in SYSRQ_STEPS:
            await _try(executor, way, note)
            await pause(patience_s)
        rounds = None if rounds is None else rounds - 1


async def _try(executor: Executor, way: Way, note: Note) -> None:
    """Neither is waited for long: where the boot disk hangs, so does writing a note, or reading systemctl."""
    await aside(f"noting {way.value}", lambda: note(way.value))
    try:
        await aside(way.value, lambda: executor.go(way))
    except OSError as cause:
        _log.warning("%s failed: %s", way.value, cause)
