"""Slow work beside the event loop, which does not keep the program from ending."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


async def in_background(work: Callable[[], _T]) -> _T:
    """Do `work` in a thread and answer its result. Where the caller is cancelled, nobody waits for the thread."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def body() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            _tell(loop, done, lambda error=error: done.set_exception(error))
        else:
            _tell(loop, done, lambda: done.set_result(result))

    threading.Thread(target=body, name="gpubox-background", daemon=True).start()
    return await done


def _tell(loop: asyncio.AbstractEventLoop, done: "asyncio.Future[_T]", settle: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
        loop.call_soon_threadsafe(lambda: done.done() or settle())
