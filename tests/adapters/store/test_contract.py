"""What every store promises, in memory as well as on a disk or a server."""

from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal

import pytest

from manager.adapters.store.memory import MemoryStore
from manager.adapters.store.sql import SqlStore
from manager.application.ports import Store
from manager.domain.box import Call, Cause, Intent
from manager.domain.cost import Session
from manager.domain.errors import BoxExists, Conflict, Fault
from manager.domain.journal import Entry
from tests.adapters.store.support import MINUTE, NOW, make_box


async def test_a_new_store_knows_nothing(store: Store) -> None:
    assert await store.boxes() == []
    assert await store.journal("studio", 10) == []
    assert await store.sessions("studio", NOW) == []
    assert await store.revoked_tokens(NOW) == {}
    assert await store.read_secret("password_hash") is None


async def test_a_box_comes_back_as_it_was_added(store: Store) -> None:
    box = make_box(
        intent=Intent.ON,
        cause=Cause.PREEMPTED,
        start=Call(NOW, request_id="r-1", called_at=NOW + MINUTE, operation="op-1", tries=3, retry_at=NOW),
        stop=Call(NOW - MINUTE),
        fault=Fault("stockout", {"zone": "us-west1-b", "zones": ["us-west1-a"], "retry_after": 30}),
        hold_until=NOW + timedelta(hours=3),
        panel_at=NOW - timedelta(microseconds=1),
        session_at=NOW,
        version=7,
    )
    await store.add_box(box)
    assert await store.boxes() == [box]


async def test_boxes_keep_the_order_in_which_they_were_added(store: Store) -> None:
    for name in ("zebra", "ant", "mole"):
        await store.add_box(make_box(name))
    await store.save_box(make_box("ant", intent=Intent.ON))
    assert [box.name for box in await store.boxes()] == ["zebra", "ant", "mole"]


async def test_a_box_that_is_removed_and_added_again_is_the_last(store: Store) -> None:
    for name in ("zebra", "ant"):
        await store.add_box(make_box(name))
    await store.remove_box("zebra")
    await store.add_box(make_box("zebra"))
    assert [box.name for box in await store.boxes()] == ["ant", "zebra"]


async def test_a_name_is_taken_only_once(store: Store) -> None:
    await store.add_box(make_box())
    with pytest.raises(BoxExists) as caught:
        await store.add_box(make_box(intent=Intent.ON))
    assert caught.value.data == {"name": "studio"}
    assert await store.boxes() == [make_box()]


async def test_a_save_answers_with_the_next_version(store: Store) -> None:
    await store.add_box(make_box())
    saved = await store.save_box(make_box(intent=Intent.ON))
    assert saved == make_box(intent=Intent.ON, version=1)
    assert await store.boxes() == [saved]
    assert (await store.save_box(saved)).version == 2


async def test_the_slower_of_two_savers_is_told(store: Store) -> None:
    await store.add_box(make_box())
    first = await store.save_box(make_box(intent=Intent.ON))
    with pytest.raises(Conflict):
        await store.save_box(make_box(hold_until=NOW))
    assert await store.boxes() == [first]


async def test_saving_a_removed_box_does_not_bring_it_back(store: Store) -> None:
    await store.add_box(make_box())
    await store.remove_box("studio")
    with pytest.raises(Conflict):
        await store.save_box(make_box())
    assert await store.boxes() == []


async def test_saving_clears_what_is_over(store: Store) -> None:
    box = make_box(start=Call(NOW), fault=Fault("stockout"), hold_until=NOW)
    await store.add_box(box)
    saved = await store.save_box(replace(box, start=None, fault=None, hold_until=None))
    assert await store.boxes() == [saved]
    assert saved.start is None


async def test_removing_an_unknown_box_is_harmless(store: Store) -> None:
    await store.remove_box("nobody")


async def test_a_removed_box_leaves_its_journal_and_its_sessions(store: Store) -> None:
    await store.add_box(make_box())
    await store.write_journal(Entry(NOW, "studio", "started"))
    await store.save_session(Session("studio", NOW, None, None))
    await store.remove_box("studio")
    assert len(await store.journal("studio", 10)) == 1
    assert len(await store.sessions("studio", NOW)) == 1


async def test_the_journal_reads_newest_first_and_only_so_far(store: Store) -> None:
    for minute in (2, 0, 3, 1):
        await store.write_journal(Entry(NOW + minute * MINUTE, "studio", f"code-{minute}"))
    await store.write_journal(Entry(NOW + 9 * MINUTE, "attic", "elsewhere"))
    assert [entry.code for entry in await store.journal("studio", 3)] == ["code-3", "code-2", "code-1"]


async def test_of_two_entries_at_one_moment_the_later_written_is_newer(store: Store) -> None:
    for code in ("first", "second", "third"):
        await store.write_journal(Entry(NOW, "studio", code))
    assert [entry.code for entry in await store.journal("studio", 10)] == ["third", "second", "first"]


async def test_an_entry_keeps_moments_spans_and_amounts(store: Store) -> None:
    data = {"until": NOW, "idle": timedelta(minutes=30), "cost": Decimal("1.230"), "list": [{"$at": "x"}]}
    await store.write_journal(Entry(NOW, "studio", "stopped", data))
    (entry,) = await store.journal("studio", 1)
    assert entry == Entry(NOW, "studio", "stopped", data)
    assert str(entry.data["cost"]) == "1.230"


async def test_an_entry_is_written_whatever_its_data_holds(store: Store) -> None:
    data = {"why": ValueError("no"), "zones": ("a", "b"), "nul": "a\0b", "half": "\ud800", "nan": float("nan")}
    await store.write_journal(Entry(NOW, "studio", "odd", data))
    (entry,) = await store.journal("studio", 1)
    assert entry.data == {"why": "no", "zones": ["a", "b"], "nul": "a\0b", "half": "\ud800", "nan": "nan"}


async def test_a_session_is_one_line_from_its_start_to_its_end(store: Store) -> None:
    await store.save_session(Session("studio", NOW, None, Decimal("0.5450")))
    ended = Session("studio", NOW, NOW + MINUTE, Decimal("0.5450"))
    await store.save_session(ended)
    (kept,) = await store.sessions("studio", NOW)
    assert kept == ended
    assert str(kept.hourly) == "0.5450"


async def test_sessions_since_a_moment_are_those_that_reach_beyond_it(store: Store) -> None:
    before = Session("studio", NOW - 9 * MINUTE, NOW - 5 * MINUTE, None)
    at = Session("studio", NOW - 4 * MINUTE, NOW, None)
    across = Session("studio", NOW - 3 * MINUTE, NOW + MINUTE, None)
    still_open = Session("studio", NOW - 20 * MINUTE, None, None)
    other = Session("attic", NOW, None, None)
    for session in (across, at, still_open, before, other):
        await store.save_session(session)
    assert await store.sessions("studio", NOW) == [still_open, across]


async def test_a_revoked_token_is_remembered_until_it_would_have_expired(store: Store) -> None:
    await store.revoke_token("short", NOW + MINUTE)
    await store.revoke_token("long", NOW + 2 * MINUTE)
    await store.revoke_token("long", NOW + 3 * MINUTE)
    assert await store.revoked_tokens(NOW) == {"short": NOW + MINUTE, "long": NOW + 3 * MINUTE}
    assert await store.revoked_tokens(NOW + MINUTE) == {"long": NOW + 3 * MINUTE}
    assert await store.revoked_tokens(NOW) == {"long": NOW + 3 * MINUTE}


async def test_a_secret_is_read_as_it_was_last_written(store: Store) -> None:
    await store.write_secret("password_hash", "$argon2id$1")
    await store.write_secret("password_hash", "$argon2id$2")
    await store.write_secret("empty", "")
    assert await store.read_secret("password_hash") == "$argon2id$2"
    assert await store.read_secret("empty") == ""


async def test_pruning_forgets_what_is_old_and_over(store: Store) -> None:
    await store.add_box(make_box(since=NOW - 9 * MINUTE))
    for at in (NOW - MINUTE, NOW, NOW + MINUTE):
        await store.write_journal(Entry(at, "studio", "seen"))
    await store.save_session(Session("studio", NOW - 9 * MINUTE, NOW - MINUTE, None))
    still_open = Session("studio", NOW - 8 * MINUTE, None, None)
    await store.save_session(still_open)
    await store.revoke_token("old", NOW - MINUTE)
    assert await store.prune(NOW) == 3
    assert await store.prune(NOW) == 0
    assert [entry.at for entry in await store.journal("studio", 10)] == [NOW + MINUTE, NOW]
    assert await store.sessions("studio", NOW - 99 * MINUTE) == [still_open]
    assert len(await store.boxes()) == 1


async def test_times_of_other_zones_come_back_as_the_same_moment_in_utc(store: Store) -> None:
    tokyo = timezone(timedelta(hours=9))
    await store.add_box(make_box(since=NOW.astimezone(tokyo), start=Call(NOW.astimezone(tokyo))))
    await store.save_session(Session("studio", NOW.astimezone(tokyo), None, None))
    await store.save_session(Session("studio", NOW, NOW + MINUTE, None))
    (box,) = await store.boxes()
    (session,) = await store.sessions("studio", NOW)
    assert box.start is not None
    for moment in (box.since, box.start.asked_at, session.started_at):
        assert moment == NOW
        assert moment.utcoffset() == timedelta(0)


async def test_a_working_store_answers_a_ping(store: Store) -> None:
    for _ in range(3):
        await store.ping()


async def test_leadership_is_taken_once_and_then_kept(store: MemoryStore | SqlStore) -> None:
    assert await store.acquire_leadership() is True
    assert await store.acquire_leadership() is False
