"""How a box is remembered after something was asked, sent, answered or seen. Pure: a box in, a box out."""

from dataclasses import replace
from datetime import datetime, timedelta

from manager.domain.box import Box, Call, Cause, Intent, Operation
from manager.domain.errors import Fault
from manager.domain.lifecycle import IN_FLIGHT

# Faults that time may mend; with any other, a start waits for a person.
PASSING = frozenset({"stockout", "cloud_unreachable", "rate_limited", "not_ready_yet", "conflict"})
# How long a start is tried for somebody who may have gone for good.
PATIENCE = timedelta(hours=1)
_STOCKOUT_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(seconds=60)


def ask_on(box: Box, now: datetime, cause: Cause) -> Box:
    """A start is wanted. Even a box that was last seen to be on is looked at once more before that is believed.

    Asking again ends the pause before the next try.
    """
    if box.start is not None and (box.intent is Intent.ON or box.start.unresolved):
        start = replace(box.start, asked_at=now, retry_at=None, asked_again=box.start.request_id is not None)
    else:
        start = Call(asked_at=now)
    if box.intent is Intent.ON:
        return replace(box, start=start, fault=None if box.start is None else box.fault)
    # A stop that was sent stays known, so that the start waits for its end.
    stop = box.stop if box.stop is not None and box.stop.request_id is not None else None
    return replace(box, intent=Intent.ON, cause=cause, since=now, start=start, stop=stop, fault=None, hold_until=None)


def ask_off(box: Box, now: datetime, cause: Cause) -> Box:
    """A stop is wanted. Even a box that was last seen to be off is looked at once more before that is said.

    Asking again ends the pause before the next try, and puts away the fault of a start that failed.
    """
    # A start that has just ended may not show yet in what the cloud says: it is kept until it does.
    start = box.start if box.start is not None and box.start.request_id is not None else None
    stop = replace(box.stop, retry_at=None) if box.stop is not None and _counts(box, box.stop) else Call(asked_at=now)
    if box.intent is Intent.OFF:
        return replace(box, start=start, stop=stop, fault=None)
    return replace(box, intent=Intent.OFF, cause=cause, since=now, start=start, stop=stop, fault=None, hold_until=None)


def _counts(box: Box, stop: Call) -> bool:
    """Whether a stop that is noted serves for one that is asked for now: one that has ended does not."""
    return stop.unresolved or box.intent is Intent.OFF


def adopt(box: Box, intent: Intent, now: datetime, cause: Cause) -> Box:
    """Somebody else turned the box on or off: from now on that is what is wanted."""
    return replace(box, intent=intent, cause=cause, since=now, start=None, stop=None, fault=None, hold_until=None)


def sending(box: Box, intent: Intent, request_id: str, known_start: datetime | None, now: datetime) -> Box:
    """A call is about to be made with a fresh request id; to be stored *before* it is made."""
    call = _call(box, intent)
    fresh = Call(
        asked_at=call.asked_at, request_id=request_id, called_at=now, known_start=known_start, tries=call.tries + 1
    )
    return _with_call(box, intent, fresh)


def answered(box: Box, intent: Intent, operation: Operation, now: datetime) -> Box:
    """The cloud told of the call's operation: still going, ended well, or failed."""
    if not operation.done:
        return _with_call(box, intent, replace(_call(box, intent), operation=operation.name))
    if operation.fault is not None:
        return failed(box, intent, operation.fault, now)
    ended = replace(_call(box, intent), operation=operation.name, done_at=now)
    return replace(_with_call(box, intent, ended), fault=None)


def unanswered(box: Box, intent: Intent, now: datetime) -> Box:
    """The cloud knows no operation of the call. After a while it never will: the call did not arrive."""
    call = _call(box, intent)
    if call.called_at is not None and now < call.called_at + IN_FLIGHT:
        return box
    return _with_call(box, intent, replace(call, request_id=None, called_at=None, operation=None))


def unsure(box: Box, intent: Intent, fault: Fault, now: datetime) -> Box:
    """The call may or may not have arrived: its request id stays, so that asking again cannot act twice."""
    call = _call(box, intent)
    return replace(_with_call(box, intent, replace(call, retry_at=now + _pause(call, fault))), fault=fault)


def failed(box: Box, intent: Intent, fault: Fault, now: datetime) -> Box:
    """The cloud refused the call, or its operation failed.

    A stop is tried again for ever. A start is tried again where time may mend it, for as long as PATIENCE;
    otherwise the box is not wanted on any more, and the fault says what a person can do.
    """
    if box.intent is not intent:
        # Nobody wants this call any more, and now nothing is left of it.
        return resolved(box, intent)
    call = _call(box, intent)
    if intent is Intent.OFF or (fault.code in PASSING and now < call.asked_at + PATIENCE):
        again = Call(asked_at=call.asked_at, tries=call.tries, retry_at=now + _pause(call, fault))
        return replace(_with_call(box, intent, again), fault=fault)
    cause = Cause.NO_CAPACITY if fault.code == "stockout" else Cause.FAILED
    return replace(box, intent=Intent.OFF, cause=cause, since=now, start=None, fault=fault)


def resolved(box: Box, intent: Intent) -> Box:
    """A call of the past that nobody wants any more has ended."""
    return replace(box, start=None) if intent is Intent.ON else replace(box, stop=None)


def finished(box: Box) -> Box:
    """What was wanted is so, whatever went wrong on the way."""
    return replace(box, start=None, stop=None, fault=None)


def _call(box: Box, intent: Intent) -> Call:
    call = box.start if intent is Intent.ON else box.stop
    return call if call is not None else Call(asked_at=box.since)


def _with_call(box: Box, intent: Intent, call: Call) -> Box:
    return replace(box, start=call) if intent is Intent.ON else replace(box, stop=call)


def _pause(call: Call, fault: Fault) -> timedelta:
    if fault.code == "stockout":
        return _STOCKOUT_PAUSE
    return min(timedelta(seconds=2) * 2 ** min(call.tries, 5), _LONGEST_PAUSE)
