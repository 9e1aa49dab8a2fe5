"""Whatever the domain can say, the databases give back."""

from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from string import printable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from manager.adapters.store.mapping import box_to_row, entry_to_row, session_to_row
from manager.adapters.store.sql import SqlStore
from manager.adapters.store.tables import BOXES
from manager.adapters.store.values import from_json, to_json
from manager.domain.allowing import Allowance
from manager.domain.box import Box, Call, Cause, Intent, Place
from manager.domain.cost import Session
from manager.domain.errors import Fault
from manager.domain.journal import Entry
from tests.adapters.store.support import NOW, Database, make_box

# One database serves all examples: each removes what it added.
EXAMPLES = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

moments = st.datetimes(timezones=st.just(UTC))
# PostgreSQL's text knows no NUL, and no encoding knows half a surrogate pair.
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | moments
    | st.timedeltas()
    | st.decimals(allow_nan=False, allow_infinity=False)
)
keys = st.text(printable) | st.sampled_from(["$at", "$us", "$decimal", "$mapping"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)
data = st.dictionaries(keys, values, max_size=4)
calls = st.builds(
    Call,
    asked_at=moments,
    request_id=st.none() | st.text(),
    called_at=st.none() | moments,
    operation=st.none() | st.text(),
    done_at=st.none() | moments,
    tries=st.integers(0, 10**6),
    retry_at=st.none() | moments,
)
allowances = st.builds(Allowance, network=words, since=moments, until=st.none() | moments)
boxes = st.builds(
    Box,
    name=words,
    place=st.builds(Place, words, words, words),
    intent=st.sampled_from(Intent),
    cause=st.sampled_from(Cause),
    since=moments,
    start=st.none() | calls,
    stop=st.none() | calls,
    fault=st.none() | st.builds(Fault, words, data),
    hold_until=st.none() | moments,
    panel_at=st.none() | moments,
    session_at=st.none() | moments,
    version=st.integers(0, 2**62),
    allowances=st.lists(allowances, max_size=3).map(tuple),
    manager_address=st.none() | words,
    comfyui_ref=st.none() | words,
)
sessions = st.builds(
    Session,
    box=words,
    started_at=moments,
    ended_at=st.none() | moments,
    hourly=st.none() | st.decimals(allow_nan=False, allow_infinity=False),
)


def test_every_field_of_a_box_is_kept() -> None:
    assert set(box_to_row(make_box())) >= {field.name for field in fields(Box)} - {"place"}
    assert set(box_to_row(make_box(start=Call(NOW)))["start"]) == {field.name for field in fields(Call)}
    assert set(session_to_row(Session("studio", NOW, None, None))) == {field.name for field in fields(Session)}
    assert set(entry_to_row(Entry(NOW, "studio", "started"))) == {field.name for field in fields(Entry)}


async def test_a_call_of_another_version_is_read_as_far_as_it_is_known(sqlite_database: Database) -> None:
    store = sqlite_database.store()
    await store.open()
    await store.add_box(make_box())
    written = {"asked_at": {"$at": NOW.isoformat()}, "request_id": "r-1", "from_the_future": {"$at": "soon"}}
    with store._engine.begin() as connection:
        connection.execute(update(BOXES).values(start=written))
    (box,) = await store.boxes()
    assert box.start == Call(NOW, request_id="r-1")
    await store.close()


@given(value=values)
def test_a_value_survives_json(value: object) -> None:
    assert from_json(to_json(value)) == value


@EXAMPLES
@given(box=boxes)
async def test_any_box_survives_being_added_and_saved(store: SqlStore, box: Box) -> None:
    await store.add_box(box)
    try:
        assert await store.boxes() == [box]
        saved = await store.save_box(box)
        assert await store.boxes() == [saved]
    finally:
        await store.remove_box(box.name)


@EXAMPLES
@given(session=sessions)
async def test_any_session_survives_with_its_price_to_the_last_digit(store: SqlStore, session: Session) -> None:
    await store.save_session(session)
    beginning = datetime.min.replace(tzinfo=UTC)
    kept = {kept.started_at: kept for kept in await store.sessions(session.box, beginning)}
    if session.ended_at is None or session.ended_at > beginning:
        assert kept[session.started_at] == session
        assert _digits(kept[session.started_at].hourly) == _digits(session.hourly)


@EXAMPLES
@given(entry=st.builds(Entry, at=moments, box=words, code=words, data=data))
async def test_any_entry_survives(store: SqlStore, entry: Entry) -> None:
    await store.write_journal(entry)
    assert entry in await store.journal(entry.box, 1000)


def _digits(amount: Decimal | None) -> str:
    return str(amount)
