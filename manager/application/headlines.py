"""The one true sentence about a box, chosen from its phase and from what keeps it on."""

from datetime import datetime, timedelta

from manager import messages
from manager.application.live import LiveBox
from manager.domain.box import Observation, Phase
from manager.domain.idle import Sign, Verdict
from manager.domain.power import Power, power_of
from manager.messages import Message

# A stop is expected to be confirmed within this time; after it, the panel says that it takes long.
_LONG_STOP = timedelta(minutes=3)


def headline_of(live: LiveBox, phase: Phase, verdict: Verdict | None, trouble: str | None, now: datetime) -> Message:
    """The sentence; `trouble` is the title of what is wrong, if something is."""
    seen = live.seen
    if phase is Phase.TROUBLE and trouble is not None:
        return Message("trouble", trouble)
    if seen is None:
        return messages.headline("unseen")
    if power_of(seen.status) is Power.OTHER:
        return messages.headline("paused", status=seen.status)
    match phase:
        case Phase.OFF:
            return _off(seen)
        case Phase.QUEUED:
            return messages.headline("queued", machine=_gpu_name(seen))
        case Phase.STARTING:
            return _starting(live, seen)
        case Phase.READY if verdict is not None:
            return _ready(live, verdict, now)
        case Phase.STOPPING:
            return _stopping(live, now)
        case _:
            return messages.headline("setting_up.installing" if live.setup.installing else "setting_up")


def stops_at(live: LiveBox, verdict: Verdict | None, now: datetime) -> datetime | None:
    """When the box stops if no further sign comes: by idleness, by Google's run limit, or by its own guard."""
    if verdict is None:
        return None
    limit = live.seen.run_limit_at if live.seen is not None else None
    ending = live.ending(now)
    ends = (verdict.stops_at, limit, None if ending is None else ending.at)
    return min(end for end in ends if end is not None)


def _off(seen: Observation) -> Message:
    if seen.stopped_at is None:
        return messages.headline("off.never")
    return messages.headline("off.confirmed", stopped_at=seen.stopped_at)


def _starting(live: LiveBox, seen: Observation) -> Message:
    if power_of(seen.status) is Power.FALLING:
        return messages.headline("starting.after_stop")
    usual = sum(live.usual.values())
    return messages.headline("starting.usual", usual_s=round(usual)) if usual else messages.headline("starting")


def _ready(live: LiveBox, verdict: Verdict, now: datetime) -> Message:
    strongest = verdict.reasons[0]
    if strongest.sign is Sign.UNKNOWN:
        return messages.headline("ready.unknown", since_at=strongest.at, stops_at=verdict.stops_at)
    if verdict.busy:
        if (models := _downloading(live, now)) is not None:
            return models
        veto = live.veto(now)
        return messages.headline("ready.veto", what=veto) if veto else messages.headline("ready.render")
    if strongest.sign is Sign.HOLD:
        return messages.headline("ready.hold", hold_until=strongest.until)
    return messages.headline("ready", stops_at=stops_at(live, verdict, now))


def _downloading(live: LiveBox, now: datetime) -> Message | None:
    """That models are coming, where nothing but their download is under way on the box."""
    models, pulse = live.downloads(now), live.watch.pulse if live.watch is not None else None
    if models is None or live.report is None or live.report.veto(now) != "download":
        return None
    if models.state != "running" or (pulse is not None and (pulse.veto or pulse.running + pulse.pending > 0)):
        return None
    there = sum(file.state == "done" for file in models.files)
    return messages.headline("ready.models", done=there, count=len(models.files))


def _stopping(live: LiveBox, now: datetime) -> Message:
    asked = live.box.stop.asked_at if live.box.stop is not None else live.box.since
    waiting = now - asked
    if waiting < _LONG_STOP:
        return messages.headline("stopping")
    return messages.headline("stopping.long", waiting_s=int(waiting.total_seconds()) // 60 * 60)


def _gpu_name(seen: Observation) -> str:
    if seen.machine.gpu is None:
        return seen.machine.machine_type
    return seen.machine.gpu.removeprefix("nvidia-").removeprefix("tesla-").upper()
