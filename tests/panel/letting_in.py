"""Who may come in, as the real service tells it, over a box in memory; time is the computer's."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from manager.adapters.store.memory import MemoryStore
from manager.application.allowing import Allowing
from manager.application.boxes import new_box
from manager.application.registry import Registry
from manager.domain.allowing import Fence
from tests.support.factories import PLACE
from tests.support.world import RULES

BOX = "comfyui"


class LettingIn:
    """The service for one visitor, made when it is first asked; `hurried` counts what it told the gates."""

    def __init__(self, visitor: str, fence: Fence) -> None:
        self.visitor = visitor
        self.hurried = 0
        self._fence = fence
        self._service: Allowing | None = None

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the browser's clock is real

    async def allowed(self) -> dict[str, Any]:
        return (await self._made()).allowed(BOX, self.visitor)

    async def allow(self, address: str | None, until: datetime | None) -> dict[str, Any]:
        return await (await self._made()).allow(BOX, self.visitor, address, until)

    async def remove(self, network: str) -> dict[str, Any]:
        return await (await self._made()).remove(BOX, self.visitor, network)

    async def _made(self) -> Allowing:
        if self._service is None:
            store = MemoryStore()
            await store.add_box(new_box(BOX, PLACE, self.now()))
            registry = Registry(store, self, replace(RULES, fence=self._fence), lambda: "12345678")
            await registry.load()
            self._service = Allowing(registry, "gpubox-web", None, self, self._hurry)
        return self._service

    def _hurry(self) -> None:
        self.hurried += 1
