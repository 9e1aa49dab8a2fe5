"""Looks through all sources, each in a thread of its own: one that fails or hangs takes no other with it.

A driver that has fallen off the bus, or a disk that does not answer, can keep a call for ever. Such a thread is left
alone until it comes back; it is a daemon, so it does not hold the process either.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gpubox_agent.guard.verdict import Sign

Look = Callable[[float], Mapping[Sign, float]]
"""Given the moment, gives the signs and when each was seen."""

_log = logging.getLogger(__name__)


@dataclass
class Source:
    """One way to look, its name for the log, and how often it is worth its cost."""

    name: str
    look: Look
    every_s: float
    due_at: float = float("-inf")
    failing: bool = False
    under_way: "asyncio.Future[Mapping[Sign, float]] | None" = None


class Sources:
    """All of them. Used from one event loop."""

    def __init__(self, sources: Iterable[Source], patience_s: float = 4.0) -> None:
        self._sources = tuple(sources)
        self._patience_s = patience_s

    async def look(self, now: float, *, all_of_them: bool = False) -> list[tuple[Sign, float]]:
        """What was seen by those that are due; what came late is given by a later look. Never raises."""
        for source in self._sources:
            if source.under_way is None and (all_of_them or now >= source.due_at):
                source.due_at = now + source.every_s
                source.under_way = _in_thread(source, now)
        waited_for = [source.under_way for source in self._sources if source.under_way is not None]
        if waited_for:
            await asyncio.wait(waited_for, timeout=self._patience_s)
        return [seen for source in self._sources for seen in _collected(source)]


def _collected(source: Source) -> list[tuple[Sign, float]]:
    if source.under_way is None:
        return []
    if not source.under_way.done():
        _note(source, "does not come back")
        return []
    done, source.under_way = source.under_way, None
    cause = done.exception()
    if cause is not None:
        _note(source, f"{type(cause).__name__}: {cause}")
        return []
    if source.failing:
        source.failing = False
        _log.info("%s can be seen again", source.name)
    return list(done.result().items())


def _note(source: Source, problem: str) -> None:
    if not source.failing:
        _log.warning("%s cannot be seen (%s); going on without", source.name, problem)
    source.failing = True


def _in_thread(source: Source, now: float) -> "asyncio.Future[Mapping[Sign, float]]":
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Mapping[Sign, float]] = loop.create_future()

    def settle(result: Mapping[Sign, float] | None, cause: Exception | None) -> None:
        if future.cancelled():
            return
        if cause is not None:
            future.set_exception(cause)
        elif result is not None:
            future.set_result(result)

    def work() -> None:
        result: Mapping[Sign, float] | None = None
        problem: Exception | None = None
        try:
            result = source.look(now)
        except Exception as cause:  # noqa: BLE001 - whatever a source throws, the guard goes on
            problem = cause
        try:
            loop.call_soon_threadsafe(settle, result, problem)
        except RuntimeError:  # the loop has ended meanwhile
            return

    threading.Thread(target=work, name=source.name, daemon=True).start()
    return future
