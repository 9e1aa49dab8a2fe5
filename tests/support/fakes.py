"""Fakes, named by how they behave."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from manager.adapters.memory import MemoryCloud
from manager.adapters.store.memory import MemoryStore
from manager.application.ports import Door, Pulse
from manager.domain.box import Box, Observation, Operation, Place
from manager.domain.cost import Session
from manager.domain.errors import (
    CloudError,
    CloudUnreachable,
    ComfyUnreachable,
    GateUnreachable,
    StoreUnavailable,
)
from manager.domain.journal import Entry

QUIET = Pulse(running=0, pending=0, presence=True, boot_id="b", person_count=0, progress_count=0)


class ScriptedComfyUi:
    """A ComfyUI that says what the test tells it to; `away` makes it unreachable."""

    def __init__(self) -> None:
        self.says = QUIET
        self.away = False
        self.asked: list[str] = []
        self.before_answer: list[Pulse] = []

    async def pulse(self, door: Door) -> Pulse:
        self.asked.append(door.url)
        if self.away:
            raise ComfyUnreachable(url=door.url, detail="connection refused")
        if self.before_answer:
            self.says = self.before_answer.pop(0)
        return self.says

    def person(self, age: float = 0.0) -> None:
        """A trusted click inside the page."""
        self.says = replace(self.says, person_count=(self.says.person_count or 0) + 1, person_age=age)

    def render(self, pending: int = 0) -> None:
        """A graph is running and has just moved on."""
        count = (self.says.progress_count or 0) + 1
        self.says = replace(self.says, running=1, pending=pending, progress_count=count, progress_age=0.0)

    def rest(self) -> None:
        """The queue is empty."""
        self.says = replace(self.says, running=0, pending=0)


class ScriptedGate:
    """A box's gate that answers what the test tells it to; `told` are the statements. `away` makes it unreachable."""

    def __init__(self) -> None:
        self.answer: Any = {"version": 1, "address": "192.0.2.1", "guard": None, "models": None, "progress": None}
        self.away = False
        self.told: list[tuple[Door, dict[str, Any]]] = []

    async def say(self, door: Door, statement: Mapping[str, Any]) -> Any:
        if self.away:
            raise GateUnreachable(url=door.url, detail="connection refused")
        self.told.append((door, dict(statement)))
        return self.answer


class UnreachableCloud(MemoryCloud):
    """A cloud that does not answer while `away`; `lost` names calls that act and whose answer never comes."""

    away = False
    lost: frozenset[str] = frozenset()

    async def observe(self, place: Place) -> Observation:
        self._answer()
        return await super().observe(place)

    async def start(self, place: Place, request_id: str) -> Operation:
        self._answer()
        operation = await super().start(place, request_id)
        self._lose("start")
        return operation

    async def stop(self, place: Place, request_id: str) -> Operation:
        self._answer()
        operation = await super().stop(place, request_id)
        self._lose("stop")
        return operation

    def _answer(self) -> None:
        if self.away:
            raise CloudUnreachable(endpoint="http://127.0.0.1:1", detail="connection refused")

    def _lose(self, call: str) -> None:
        if call in self.lost:
            raise CloudUnreachable(endpoint="http://127.0.0.1:1", detail="no answer in time")


class RefusingCloud(MemoryCloud):
    """A cloud that refuses the calls named in `refuses` with these errors."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refuses: dict[str, CloudError] = {}

    async def write_metadata(self, place: Place, values: Mapping[str, str]) -> None:
        self._refuse("write_metadata")
        await super().write_metadata(place, values)

    async def set_scheduling(self, place: Place, scheduling: Any) -> None:
        self._refuse("set_scheduling")
        await super().set_scheduling(place, scheduling)

    async def start(self, place: Place, request_id: str) -> Operation:
        self._refuse("start")
        return await super().start(place, request_id)

    async def stop(self, place: Place, request_id: str) -> Operation:
        self._refuse("stop")
        return await super().stop(place, request_id)

    async def operation(self, place: Place, name: str) -> Operation | None:
        self._refuse("operation")
        return await super().operation(place, name)

    async def recent_operations(self, place: Place, since: Any) -> Any:
        self._refuse("recent_operations")
        return await super().recent_operations(place, since)

    async def guest_attributes(self, place: Place) -> Mapping[str, str]:
        self._refuse("guest_attributes")
        return await super().guest_attributes(place)

    def _refuse(self, call: str) -> None:
        if call in self.refuses:
            raise self.refuses[call]


class FullDiskStore(MemoryStore):
    """A store that can be read and not written while `full`."""

    full = False

    async def save_box(self, box: Box) -> Box:
        self._write()
        return await super().save_box(box)

    async def write_journal(self, entry: Entry) -> None:
        self._write()
        await super().write_journal(entry)

    async def save_session(self, session: Session) -> None:
        self._write()
        await super().save_session(session)

    async def write_secret(self, name: str, value: str) -> None:
        self._write()
        await super().write_secret(name, value)

    def _write(self) -> None:
        if self.full:
            raise StoreUnavailable(kind="full", detail="no space left on the disk")
