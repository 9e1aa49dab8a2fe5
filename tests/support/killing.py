"""A process that dies at the n-th call to the world outside it, before or after the call has acted."""

import inspect
from typing import Any


class Killed(BaseException):
    """SIGKILL. Not an Exception, so that nothing in the program can catch it and go on."""


class Mortal:
    """Counts the calls of the adapters it watches, and dies when told to. Dead, it answers nobody."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._after = False
        self._dead = False

    @property
    def armed(self) -> bool:
        return self._left is not None

    def die_at(self, call: int, *, after: bool) -> None:
        self._left, self._after = call, after

    def live(self) -> None:
        """A new process: nothing is planned for it."""
        self._left, self._dead = None, False

    def watching(self, adapter: Any) -> Any:
        return _Watched(adapter, self)

    async def through(self, work: Any) -> Any:
        if self._dead:
            work.close()
            raise Killed
        if self._left is None:
            return await work
        self._left -= 1
        if self._left > 0:
            return await work
        self._dead = True
        if self._after:
            await work
        else:
            work.close()
        raise Killed


class _Watched:
    def __init__(self, adapter: Any, mortal: Mortal) -> None:
        self._adapter, self._mortal = adapter, mortal

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._adapter, name)
        if not inspect.iscoroutinefunction(attribute):
            return attribute

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._mortal.through(attribute(*args, **kwargs))

        return call
