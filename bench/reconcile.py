"""One tick over many boxes in memory: CPU seconds, and as a share of encoding that many status bodies as JSON.

    python bench/reconcile.py [--boxes 1000]

Prints JSON. Goal: 1,000 running boxes in one tick under 1 s of CPU.
"""

import argparse
import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from itertools import count

from manager.adapters.memory import MemoryCloud
from manager.adapters.store.memory import MemoryStore
from manager.application.boxes import new_box
from manager.application.live import Rules
from manager.application.ports import Door, Pulse
from manager.application.reconciler import Reconciler
from manager.application.registry import Registry
from manager.domain.box import Place
from manager.domain.cost import LIST_PRICES
from manager.domain.idle import Policy

RULES = Rules(Policy(timedelta(minutes=30)), LIST_PRICES, 43200, None, None, 3, {})


class SteppingClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


class QuietComfyUi:
    async def pulse(self, door: Door) -> Pulse:
        return Pulse(0, 0, presence=bool(door.url), boot_id="b", person_count=0, progress_count=0)


async def measure(boxes: int) -> dict[str, object]:
    clock, store, ids = SteppingClock(), MemoryStore(), count()
    cloud = MemoryCloud(clock)
    for number in range(boxes):
        place = Place("bench", "us-central1-a", f"box-{number}")
        cloud.add(place, status="RUNNING")
        await store.add_box(new_box(place.instance, place, clock.now()))
    registry = Registry(store, clock, RULES, lambda: f"{next(ids):08}")
    await registry.load()
    reconciler = Reconciler(registry, cloud, QuietComfyUi(), store, clock, lambda: f"{next(ids):08}")
    for _ in range(3):
        clock.moment += timedelta(seconds=20)
        await reconciler.tick()
    assert all(str(live.phase(clock.now())) == "ready" for live in registry.all())
    ticks: list[float] = []
    for _ in range(5):
        clock.moment += timedelta(seconds=20)
        begun = time.process_time()
        await reconciler.tick()
        ticks.append(time.process_time() - begun)
    bodies = [json.loads(registry.newest(live).body) for live in registry.all()]
    begun = time.process_time()
    for body in bodies:
        json.dumps(body, separators=(",", ":")).encode()
    encoding = time.process_time() - begun
    tick = sorted(ticks)[len(ticks) // 2]
    return {
        "boxes": boxes,
        "tick_cpu_s": round(tick, 3),
        "share_of_encoding": round(tick / encoding, 1),
        "goal": 1.0,
        "ok": tick < 1.0,
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--boxes", type=int, default=1000)
    print(json.dumps(asyncio.run(measure(options.parse_args().boxes))))


if __name__ == "__main__":
    main()
