"""The status of a box as people and programs read it: one JSON object, made from memory alone."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from manager import messages
from manager.application import downloading, timeline
from manager.application.headlines import headline_of, stops_at
from manager.application.live import LiveBox, Rules
from manager.domain import cost
from manager.domain.box import Box, Intent, Phase
from manager.domain.errors import Fault
from manager.domain.idle import Reason, Sign, Verdict
from manager.domain.power import bills
from manager.messages import Message, plain

_CENT = Decimal("0.01")


def view(live: LiveBox, rules: Rules, now: datetime) -> dict[str, Any]:
    """Everything about one box. Moments are RFC 3339 in UTC, money is text with two decimals."""
    box, seen, phase = live.box, live.seen, live.phase(now)
    verdict = live.verdict(rules, now)
    trouble = _trouble(live, rules, phase, now)
    headline = headline_of(live, phase, verdict, trouble["title"] if trouble is not None else None, now)
    pulse = live.watch.pulse if live.watch is not None else None
    return {
        "name": box.name,
        "status": seen.status if seen is not None else None,
        "phase": phase,
        "intent": box.intent,
        "reason": headline.in_utc(),
        "headline": headline.as_json(),
        "details": [message.as_json() for message in _details(live, verdict, now)],
        "warning": _json(_warning(live, rules, verdict, now)),
        "trouble": trouble,
        "external_ip": seen.external_ip if seen is not None else None,
        "comfyui_url": live.endpoint(rules) if phase in (Phase.SETTING_UP, Phase.READY, Phase.TROUBLE) else None,
        "entrance": _entrance(live, rules),
        "last_activity": plain(last_activity(verdict)),
        "stops_at": plain(stops_at(live, verdict, now)),
        "warns_at": plain(verdict.warns_at if verdict is not None else None),
        "hold_until": plain(box.hold_until),
        "run_limit_at": plain(seen.run_limit_at if seen is not None else None),
        "busy": verdict is not None and verdict.busy,
        "render": None
        if pulse is None or phase is not Phase.READY
        else {"running": pulse.running, "pending": pulse.pending, "share": pulse.progress_share},
        "presence": None if pulse is None else ("present" if pulse.presence else "missing"),
        "started_at": plain(box.session_at),
        "observed_at": plain(seen.at if seen is not None and live.unreachable is not None else None),
        "cost": _cost(live, rules, now),
        "progress": _progress(live, phase),
        "machine": _machine(live),
        "last_session": _last_session(live, rules),
        "models": None if (models := live.downloads(now)) is None else downloading.as_json(models),
        "notices": [messages.problem(fault).as_json() for fault in _notices(live, phase)],
        "comfyui": {"asked": box.comfyui_ref, "version": pulse.version if pulse is not None else None},
        "journal": [entry_json(entry.at, entry.code, entry.data) for entry in live.journal],
    }


def _notices(live: LiveBox, phase: Phase) -> Iterator[Fault]:
    """What is wrong although the box goes on."""
    yield from live.notices.values()
    if phase is Phase.READY and live.setup.problem is not None:
        yield live.setup.problem


def entry_json(at: datetime, code: str, data: Any) -> dict[str, Any]:
    """A journal line: `{at, code, text, values}`."""
    return {"at": plain(at)} | messages.journal(code, data).as_json()


def activity(live: LiveBox, rules: Rules, now: datetime) -> dict[str, Any]:
    """Every signal that keeps the box on, its age in seconds, and the verdict in words."""
    verdict = live.verdict(rules, now)
    phase = live.phase(now)
    trouble = _trouble(live, rules, phase, now)
    headline = headline_of(live, phase, verdict, trouble["title"] if trouble is not None else None, now)
    signals = [] if verdict is None else [_signal(live, reason, now) for reason in verdict.reasons]
    return {
        "verdict": headline.in_utc(),
        "headline": headline.as_json(),
        "busy": verdict is not None and verdict.busy,
        "stops_at": plain(stops_at(live, verdict, now)),
        "signals": signals,
    }


def _signal(live: LiveBox, reason: Reason, now: datetime) -> dict[str, Any]:
    return {
        "signal": reason.sign,
        "seen_at": plain(reason.at),
        "age_s": None if reason.at is None else round(max((now - reason.at).total_seconds(), 0), 1),
        "holds_until": plain(reason.until),
        "holds": now < reason.until,
    } | _reason(live, reason, now).as_json()


def _details(live: LiveBox, verdict: Verdict | None, now: datetime) -> Iterator[Message]:
    if verdict is None:
        return
    if (ending := _ending(live, now)) is not None:
        yield ending
    for reason in verdict.reasons:
        yield _reason(live, reason, now)
    if live.report is not None and live.report.guard is not None and live.report.guard.state == "off":
        yield messages.guard_off()
    if live.seen is not None and live.seen.run_limit_at is not None:
        yield messages.detail("run_limit", limit_at=live.seen.run_limit_at)
    if live.watch is not None and live.watch.pulse is not None and not live.watch.pulse.presence:
        yield messages.detail("presence_missing")
    if live.setup.problem is not None:
        problem = messages.problem(live.setup.problem)
        yield Message(problem.code, f"{problem.title} {problem.detail.text}", problem.detail.values)


def _entrance(live: LiveBox, rules: Rules) -> dict[str, Any]:
    """How ComfyUI is opened: `gated` wants a ticket (POST frame), `relay` tells whether there is another way."""
    entrance = live.entrance(rules)
    return {"way": entrance.way, "gated": entrance.gated, "relay": entrance.gated and entrance.relay is not None}


def _reason(live: LiveBox, reason: Reason, now: datetime) -> Message:
    pulse = live.watch.pulse if live.watch is not None else None
    match reason.sign:
        case Sign.HOLD:
            return messages.detail("hold", hold_until=reason.until)
        case Sign.VETO:
            what = live.veto(now)
            return messages.detail("veto", what=what) if what else messages.detail("vetoed", seen_at=reason.at)
        case Sign.RENDER:
            rendering = pulse is not None and pulse.running + pulse.pending > 0
            return messages.detail("render" if rendering else "rendered", seen_at=reason.at)
        case _:
            return messages.detail(reason.sign.value, seen_at=reason.at)


def _warning(live: LiveBox, rules: Rules, verdict: Verdict | None, now: datetime) -> Message | None:
    if verdict is None or live.seen is None:
        return None
    limit, ending = live.seen.run_limit_at, live.ending(now)
    if ending is not None and ending.at <= min(verdict.stops_at, limit or verdict.stops_at):
        return _ending(live, now)
    if limit is not None and limit <= verdict.stops_at and now >= limit - rules.policy.warning:
        return messages.warning("run_limit", stops_in=limit)
    if now < verdict.warns_at:
        return None
    if verdict.silent:
        return messages.warning("silent", stops_in=verdict.stops_at)
    blind = live.watch is not None and live.watch.pulse is not None and not live.watch.pulse.presence
    return messages.warning("idle.blind" if blind else "idle", stops_in=verdict.stops_at)


def _ending(live: LiveBox, now: datetime) -> Message | None:
    ending = live.ending(now)
    if ending is None:
        return None
    if ending.under_way:
        return messages.guard_stopping(ending.reason)
    return messages.guard_announced(ending.reason, stops_in=ending.at)


def last_activity(verdict: Verdict | None) -> datetime | None:
    """The last sign of a person or of work."""
    if verdict is None:
        return None
    people_and_work = (Sign.PANEL, Sign.COMFYUI, Sign.RENDER, Sign.VETO, Sign.START)
    return max((r.at for r in verdict.reasons if r.at is not None and r.sign in people_and_work), default=None)


def _trouble(live: LiveBox, rules: Rules, phase: Phase, now: datetime) -> dict[str, Any] | None:
    fault, actions = live.box.fault, ["retry", "cancel"]
    since: datetime | None = live.box.since
    call = live.box.start if live.box.intent is Intent.ON else live.box.stop
    if live.cloud_lost(now):
        fault, since, actions = live.unreachable, live.unreachable_since, []
    elif phase is Phase.TROUBLE and fault is None and live.watch is not None:
        fault = _comfy_fault(live, rules)
        since, actions = live.watch.unknown_since, ["logs", "stop"]
    elif live.box.intent is Intent.OFF:
        actions = ["start", "dismiss"] if live.seen is None or not bills(live.seen.status) else ["stop"]
    if fault is None:
        return None
    problem = messages.problem(fault)
    return {
        "code": fault.code,
        "title": problem.title,
        "detail": problem.detail.as_json(),
        "remedy": problem.remedy.as_json(),
        "since": plain(since),
        "retry_at": plain(call.retry_at if call is not None else None),
        "tries": call.tries if call is not None else 0,
        "actions": actions,
    }


def _comfy_fault(live: LiveBox, rules: Rules) -> Fault:
    return live.setup.problem or Fault("comfyui_unreachable", {"url": live.endpoint(rules), "detail": "no answer"})


def _cost(live: LiveBox, rules: Rules, now: datetime) -> dict[str, Any]:
    rates = rules.rates
    machine = live.seen.machine if live.seen is not None else None
    hourly = cost.hourly(machine, rates) if machine is not None else None
    resting = cost.at_rest_monthly(machine, rates) if machine is not None else None
    since = live.seen.created_at if live.seen is not None else None
    sessions = list(live.sessions)
    current = None
    if live.box.session_at is not None:
        current = cost.Session(live.box.name, live.box.session_at, None, hourly)
        sessions.append(current)
    spent = cost.month_cost(sessions, now)
    hours = cost.month_hours(sessions, now)
    return {
        "currency": rates.currency,
        "hourly": _money(hourly, Decimal("0.001")),
        "session": _money(cost.session_cost(current, now) if current is not None else None),
        "today": _money(cost.day_cost(sessions, now)),
        "month": _money(spent + cost.resting_so_far(resting, since, now)),
        "month_seconds": int(hours.total_seconds()) // 60 * 60,
        "saved_month": _money(cost.saved(hourly, hours, since, now)),
        "at_rest_monthly": _money(resting),
        "rates_as_of": rates.as_of.isoformat(),
    }


def _progress(live: LiveBox, phase: Phase) -> dict[str, Any] | None:
    under_way = phase in (Phase.QUEUED, Phase.STARTING, Phase.SETTING_UP)
    if live.times is None or not (under_way or (phase is Phase.TROUBLE and live.setup.failed)):
        return None
    return timeline.as_json(live.times, live.usual, live.box.place.zone, live.setup)


def _machine(live: LiveBox) -> dict[str, Any]:
    place = live.box.place
    where = {"project": place.project, "zone": place.zone, "instance": place.instance}
    if live.seen is None:
        return where
    machine = live.seen.machine
    return where | {
        "machine_type": machine.machine_type,
        "gpu": machine.gpu,
        "gpu_count": machine.gpu_count,
        "spot": machine.spot,
    }


def _last_session(live: LiveBox, rules: Rules) -> dict[str, Any] | None:
    if not live.sessions:
        return None
    last = live.sessions[-1]
    ended = last.ended_at or last.started_at
    return {
        "started_at": plain(last.started_at),
        "ended_at": plain(ended),
        "cost": _money(cost.session_cost(last, ended)),
        "cause": _json(_cause(live.box, rules)),
    }


def _cause(box: Box, rules: Rules) -> Message | None:
    """Why the box is off. Once it is wanted on again, that is history, which the journal tells."""
    if box.intent is Intent.ON:
        return None
    return messages.cause(box.cause.value, idle_s=rules.policy.idle.total_seconds())


def _money(amount: Decimal | None, unit: Decimal = _CENT) -> str | None:
    return None if amount is None else str(amount.quantize(unit))


def _json(message: Message | None) -> dict[str, Any] | None:
    return None if message is None else message.as_json()
