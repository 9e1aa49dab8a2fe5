"""How a box is remembered after something was asked, sent, answered or seen. Pure: a box in, a box out."""

from dataclasses import replace
from datetime import datetime, timedelta

from manager.domain.box import Box, Call, Cause, Intent, Operation
from manager.domain.errors import Fault
from manager.domain.lifecycle import IN_FLIGHT

# Faults that time may mend; with any other, a start waits for a person.
_PASSING = frozenset({"stockout", "cloud_unreachable", "rate_limited", "not_ready_yet", "conflict"})
_STOCKOUT_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(seconds=60)
# How long a start is tried for somebody who may have gone for good.
PATIENCE = timedelta(hours=1)


def ask_on(box: Box, now: datetime, cause: Cause) -> Box:
    """A start is wanted. Asking twice changes nothing; asking after a fault tries again at once."""
    if box.intent is Intent.ON and box.start is not None:
        return replace(box, start=replace(box.start, asked_at=now, retry_at=None), fault=None, panel_at=now)
    if box.intent is Intent.ON and box.fault is None:
        return box
    start = box.start if box.start is not None and box.start.unresolved else Call(asked_at=now)
    # A stop that is under way stays known, so that the start waits for its end.
    stop = box.stop if box.stop is not None and box.stop.unresolved else None
    return replace(
        box, intent=Intent.ON, cause=cause, since=now, start=start, stop=stop, fault=None, panel_at=now, hold_until=None
    )


def ask_off(box: Box, now: datetime, cause: Cause, *, off: bool) -> Box:
    """A stop is wanted; `off` says that the cloud was last seen to say so already.

    A box that is off and has no start on its way needs no call.
    """
    if box.intent is Intent.OFF:
        if box.stop is None:
            return box
        return replace(box, stop=replace(box.stop, retry_at=None))
    start = box.start if box.start is not None and box.start.unresolved else None
    stop = None if off and start is None else Call(asked_at=now)
    if box.stop is not None and box.stop.unresolved:
        stop = box.stop
    return replace(box, intent=Intent.OFF, cause=cause, since=now, start=None, fault=fault)


def resolved(box: Box, intent: Intent) -> Box:
    """A call of the past that nobody wants any more has ended."""
    return replace(box, start=None) if intent is Intent.ON else replace(box, stop=None)


def finished(box: Box, intent: Intent) -> Box:
    """What was wanted is so."""
    return replace(box, start=None, stop=None, fault=None if intent is Intent.ON else box.fault)


def _call(box: Box, intent: Intent) -> Call:
    call = box.start if intent is Intent.ON else box.stop
    return call if call is not None else Call(asked_at=box.since)


def _with_call(box: Box, intent: Intent, call: Call) -> Box:
    return replace(box, start=call) if intent is Intent.ON else replace(box, stop=call)


def _pause(call: Call, fault: Fault) -> timedelta:
    if fault.code == "stockout":
        return _STOCKOUT_PAUSE
    return min(timedelta(seconds=2) * 2 ** min(call.tries, 5), _LONGEST_PAUSE)
