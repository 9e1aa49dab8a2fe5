"""The loop's own times: the rest of it is seen wherever a panel runs."""

import asyncio
from datetime import timedelta

import pytest

from manager.background import ticker as module
from manager.background.ticker import Ticker


async def nothing() -> None:
    pass


async def test_a_clock_that_is_set_back_does_not_stop_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE_S", 1.2)
    ticked = asyncio.Event()

    async def tick() -> None:
        ticked.set()

    ticker = Ticker(tick, nothing, nothing)
    ticker.start()
    try:
        await asyncio.wait_for(ticked.wait(), 5)
        for job, _ in ticker._jobs:
            # What a step of two hours back comes to.
            job.modify(next_run_time=job.next_run_time + timedelta(hours=2))
        ticked.clear()
        await asyncio.wait_for(ticked.wait(), 5)
    finally:
        ticker.stop()
