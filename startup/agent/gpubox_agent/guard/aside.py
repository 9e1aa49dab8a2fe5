"""Work that may never come back, as whatever needs a disk may: a thread of its own does it, and is left behind then."""

import asyncio
import logging
import threading
from collections.abc import Callable

LONGEST_S = 2.0
_log = logging.getLogger(__name__)


async def aside(name: str, work: Callable[[], None]) -> None:
    """Let it be done, and wait LONGEST_S at most. Raises what it raises in that time; what comes later is nobody's."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Exception | None] = loop.create_future()

    def run() -> None:
        problem: Exception | None = None
        try:
            work()
        except Exception as cause:  # noqa: BLE001 - raised again where it is waited for
            problem = cause
        try:
            loop.call_soon_threadsafe(done.set_result, problem)
        except RuntimeError:  # the loop has ended meanwhile
            return

    threading.Thread(target=run, name=name, daemon=True).start()
    await asyncio.wait([done], timeout=LONGEST_S)
    if not done.done():
        _log.warning("%s does not come back; going on without", name)
    elif (problem := done.result()) is not None:
        raise problem
