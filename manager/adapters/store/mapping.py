"""The domain's values as rows and back."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from manager.adapters.store.values import from_json, items_from_json, items_to_json, to_json, utc
from manager.domain.allowing import Allowance
from manager.domain.box import Box, Call, Cause, Intent, Place
from manager.domain.cost import Session
from manager.domain.errors import Fault
from manager.domain.journal import Entry

Row = Mapping[Any, Any]
_CALL_FIELDS = [field.name for field in fields(Call)]
_ALLOWANCE_FIELDS = [field.name for field in fields(Allowance)]


def box_to_row(box: Box) -> dict[str, Any]:
    """Columns of a box, without the `id` that keeps the boxes in order."""
    return {
        "name": box.name,
        "project": box.place.project,
        "zone": box.place.zone,
        "instance": box.place.instance,
        "intent": box.intent.value,
        "cause": box.cause.value,
        "since": utc(box.since),
        "start": _call_to_json(box.start),
        "stop": _call_to_json(box.stop),
        "fault": _fault_to_json(box.fault),
        "hold_until": _moment(box.hold_until),
        "panel_at": _moment(box.panel_at),
        "session_at": _moment(box.session_at),
        "version": box.version,
        "allowances": _allowances_to_json(box.allowances),
        "manager_address": box.manager_address,
        "comfyui_ref": box.comfyui_ref,
    }


def box_from_row(row: Row) -> Box:
    """The box of a row."""
    return Box(
        name=row["name"],
        place=Place(row["project"], row["zone"], row["instance"]),
        intent=Intent(row["intent"]),
        cause=Cause(row["cause"]),
        since=row["since"],
        start=_call_from_json(row["start"]),
        stop=_call_from_json(row["stop"]),
        fault=_fault_from_json(row["fault"]),
        hold_until=row["hold_until"],
        panel_at=row["panel_at"],
        session_at=row["session_at"],
        allowances=_allowances_from_json(row["allowances"]),
        manager_address=row["manager_address"],
        comfyui_ref=row["comfyui_ref"],
        version=row["version"],
    )


def entry_to_row(entry: Entry) -> dict[str, Any]:
    """Columns of a journal entry."""
    return {"at": utc(entry.at), "box": entry.box, "code": entry.code, "data": items_to_json(entry.data)}


def entry_from_row(row: Row) -> Entry:
    """The journal entry of a row."""
    return Entry(at=row["at"], box=row["box"], code=row["code"], data=items_from_json(row["data"]))


def session_to_row(session: Session) -> dict[str, Any]:
    """Columns of a billed session."""
    return {
        "box": session.box,
        "started_at": utc(session.started_at),
        "ended_at": _moment(session.ended_at),
        "hourly": session.hourly,
    }


def session_from_row(row: Row) -> Session:
    """The billed session of a row."""
    return Session(box=row["box"], started_at=row["started_at"], ended_at=row["ended_at"], hourly=row["hourly"])


def _moment(at: datetime | None) -> datetime | None:
    return None if at is None else utc(at)


def _call_to_json(call: Call | None) -> dict[str, Any] | None:
    return None if call is None else {name: to_json(getattr(call, name)) for name in _CALL_FIELDS}


def _call_from_json(plain: Mapping[str, Any] | None) -> Call | None:
    if plain is None:
        return None
    # What another version of the program wrote may have more fields, or fewer that then take their default.
    return Call(**{name: from_json(plain[name]) for name in _CALL_FIELDS if name in plain})


def _allowances_to_json(allowances: Sequence[Allowance]) -> list[dict[str, Any]] | None:
    listed = [{name: to_json(getattr(each, name)) for name in _ALLOWANCE_FIELDS} for each in allowances]
    return listed or None


def _allowances_from_json(plain: Sequence[Mapping[str, Any]] | None) -> tuple[Allowance, ...]:
    listed = plain or ()
    return tuple(Allowance(**{name: from_json(each[name]) for name in _ALLOWANCE_FIELDS}) for each in listed)


def _fault_to_json(fault: Fault | None) -> dict[str, Any] | None:
    return None if fault is None else {"code": fault.code, "data": items_to_json(fault.data)}


def _fault_from_json(plain: Mapping[str, Any] | None) -> Fault | None:
    return None if plain is None else Fault(plain["code"], items_from_json(plain["data"]))
