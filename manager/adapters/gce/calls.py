"""Calls in threads: a deadline for each, retries with full jitter, errors in the domain's words.

Only what may go through a moment later is tried again: 429, 403 for the rate, 500, 502, 503, 504, and a connection
that gave no usable answer. A call that changes something carries a `requestId`, so that trying again is not
doing twice (Compute Engine, "requestId").
"""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from manager.adapters.gce import errors
from manager.adapters.gce.api import Api, Json, Refused, Unanswered, Unidentified
from manager.domain.box import Place
from manager.domain.errors import BadCredentials, CloudError, CloudUnreachable, NotReadyYet

_GOOGLE = "https://compute.googleapis.com"
# What a thread may take beyond its deadline, e.g. to look a name up, before it is left to itself.
_GRACE = 1.0
_SHORTEST_ATTEMPT = 0.01


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. `attempt` is how long one request may be silent; the others hold for a call with its retries.

    `see_through` is for a change and its operation, `build` for one of making or deleting a box.
    """

    attempt: float = 10.0
    read: float = 15.0
    write: float = 25.0
    see_through: float = 60.0
    build: float = 300.0
    first_pause: float = 0.5
    longest_pause: float = 8.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How time passes and chance falls: tests put their own in."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random


class Deadline:
    """How long something may still take."""

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends = monotonic() + seconds

    def left(self) -> float:
        """Seconds, 0 when it is over."""
        return max(0.0, self._ends - self._monotonic())


class _Transient(Exception):
    def __init__(self, error: CloudError) -> None:
        super().__init__(error.code)
        self.error = error


class Calls:
    """Compute Engine's methods as coroutines, in a thread pool of their own."""

    def __init__(self, api: Api, limits: Limits, pace: Pace, threads: int = 8) -> None:
        self.limits = limits
        self._api = api
        self._pace = pace
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="gce")

    async def load(self) -> None:
        """Have Google's client ready; raises BadCredentials or CloudUnreachable."""
        if self._api.loaded:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._api.load)
        except Unidentified as error:
            raise BadCredentials(detail=error.detail) from error
        except Unanswered as error:
            raise self._unreachable(error.detail) from error

    def close(self) -> None:
        """Take no more calls; those under way are left to end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def within(self, seconds: float) -> Deadline:
        """A deadline that begins once the client is loaded: its first import would eat it up."""
        await self.load()
        return Deadline(seconds, self._pace.monotonic)

    async def read(self, method: str, request: Json, place: Place | None, deadline: Deadline) -> Json:
        """A call that changes nothing."""
        return await self._call(method, request, place, deadline)

    async def write(
        self, method: str, request: Json, place: Place, deadline: Deadline, request_id: str | None = None
    ) -> Json:
        """A call that changes something and answers with an operation; the same request id never acts twice."""
        return await self._call(method, request | {"requestId": request_id or str(uuid.uuid4())}, place, deadline)

    async def see_through(self, operation: Json, place: Place, deadline: Deadline, *, is_global: bool = False) -> None:
        """Wait for an operation to end well; raises what it failed with, or NotReadyYet past the deadline.

        It is one of the place's zone, or `is_global`. The server holds a wait for up to 2 minutes but may answer
        at any time.
        """
        pauses = 0
        method = "globalOperations.wait" if is_global else "zoneOperations.wait"
        where = {"project": place.project, "operation": operation["name"]} | ({} if is_global else {"zone": place.zone})
        while operation.get("status") != "DONE":
            if deadline.left() <= 0:
                raise NotReadyYet(detail=f"The operation {operation['name']} is still under way.")
            with suppress(_Transient):
                operation = await self._attempt(method, where, place, deadline, deadline.left())
            if operation.get("status") != "DONE":
                await self._pace.sleep(min(self._pause(pauses), deadline.left()))
                pauses += 1
        if error := errors.from_operation(operation, place, self.endpoint):
            raise error

    @property
    def endpoint(self) -> str:
        """Where the calls go."""
        return self._api.endpoint or _GOOGLE

    async def pause(self, number: int) -> None:
        """Sleep before trying something again for the `number`th time, from 0."""
        await self._pace.sleep(self._pause(number))

    def _pause(self, number: int) -> float:
        """Full jitter: anything from nothing to twice the last bound, so that many callers spread out."""
        return self._pace.jitter() * min(self.limits.longest_pause, self.limits.first_pause * 2.0**number)

    async def _call(self, method: str, request: Json, place: Place | None, deadline: Deadline) -> Json:
        tries = 0
        while True:
            try:
                return await self._attempt(method, request, place, deadline, self.limits.attempt)
            except _Transient as failed:
                pause = self._pause(tries)
                if pause >= deadline.left():
                    raise failed.error from failed
                await self._pace.sleep(pause)
                tries += 1

    async def _attempt(
        self, method: str, request: Json, place: Place | None, deadline: Deadline, patience: float
    ) -> Json:
        def attempt() -> Json:
            # The time is looked at in the thread: it may have had to wait for one.
            timeout = min(patience, deadline.left())
            if timeout < _SHORTEST_ATTEMPT:
                raise Unanswered("no time left")
            return self._api.call(method, request, timeout)

        running = asyncio.get_running_loop().run_in_executor(self._pool, attempt)
        try:
            return await asyncio.wait_for(running, deadline.left() + _GRACE)
        except TimeoutError as error:
            raise self._unreachable("no answer in time") from error
        except Unidentified as error:
            raise BadCredentials(detail=error.detail) from error
        except Unanswered as error:
            raise _Transient(self._unreachable(error.detail)) from error
        except Refused as error:
            named = errors.from_http(error.status, error.body, place, self.endpoint)
            if errors.is_transient(error.status, error.body):
                raise _Transient(named) from error
            raise named from error

    def _unreachable(self, detail: str) -> CloudUnreachable:
        return CloudUnreachable(endpoint=self.endpoint, detail=detail)
