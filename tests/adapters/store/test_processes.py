"""Between processes: what was answered outlives a kill, and one of them leads at a time."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from manager.domain.errors import StoreUnavailable
from tests.adapters.store.support import Database, OpenStore, make_box

WRITER = Path(__file__).with_name("programs") / "writes_until_killed.py"


@pytest.fixture
def killed_writer(database: Database, program_environment: dict[str, str]) -> Callable[[int], int]:
    """Runs the writer until it has answered so many writes, kills it, and returns the last answer."""

    def run(enough: int) -> int:
        command = [sys.executable, str(WRITER), str(database.folder), database.url or ""]
        with subprocess.Popen(  # noqa: S603 - our own program
            command, env=program_environment, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            answered = [writer.stdout.readline() for _ in range(enough)]
            writer.kill()
            answered += writer.stdout.readlines()
        # The last line may be cut off in the middle.
        return int([line for line in answered if line.endswith("\n")][-1])

    return run


async def test_after_a_kill_what_was_answered_is_there_and_the_lead_is_free(
    killed_writer: Callable[[int], int], open_store: OpenStore
) -> None:
    answered = killed_writer(25)
    store = await open_store()
    (box,) = await store.boxes()
    # At most one more write was carried out than was answered.
    assert answered <= box.version <= answered + 1
    assert box.start is not None
    assert box.start.request_id == f"request-{box.version}"
    entries = await store.journal("studio", 10_000)
    assert [entry.data["number"] for entry in entries][-answered:] == list(range(answered, 0, -1))
    await store.save_box(box)
    # The killed process led; its lead went with it.
    assert await store.acquire_leadership() is True


async def test_only_one_of_two_stores_leads(open_store: OpenStore) -> None:
    first, second = await open_store(), await open_store()
    assert await first.acquire_leadership() is True
    with pytest.raises(StoreUnavailable) as caught:
        await second.acquire_leadership()
    assert caught.value.data["kind"] == "in_use"
    assert await first.acquire_leadership() is False


async def test_the_next_one_leads_when_the_leader_closes(open_store: OpenStore, database: Database) -> None:
    first, second = database.store(), await open_store()
    await first.open()
    await first.acquire_leadership()
    await first.close()
    assert await second.acquire_leadership() is True


async def test_a_leader_keeps_the_lead_when_another_call_fails(open_store: OpenStore) -> None:
    leader, other = await open_store(), await open_store()
    await leader.acquire_leadership()
    leader._engine.dispose()
    await leader.add_box(make_box())
    with pytest.raises(StoreUnavailable):
        await other.acquire_leadership()
