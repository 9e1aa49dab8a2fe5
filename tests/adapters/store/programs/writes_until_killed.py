"""Writes as fast as it can and says what was answered, one number a line, until it is killed.

Arguments: state folder, database URL or "".
"""

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from manager.adapters.store.choose import sql_store
from manager.domain.box import Box, Call, Cause, Intent, Place
from manager.domain.journal import Entry

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


async def main() -> None:
    store = sql_store(Path(sys.argv[1]), sys.argv[2])
    await store.open()
    await store.acquire_leadership()
    box = Box("studio", Place("acme", "us-west1-b", "studio"), Intent.ON, Cause.PERSON, NOW)
    await store.add_box(box)
    while True:
        box = await store.save_box(replace(box, start=Call(NOW, f"request-{box.version + 1}")))
        await store.write_journal(Entry(NOW, "studio", "asked", {"number": box.version}))
        print(box.version, flush=True)  # noqa: T201 - what the test reads


asyncio.run(main())
