"""A box's status as people read it at a terminal: the one true sentence, then why, what it costs, what is next."""

from collections.abc import Iterator
from typing import Any

from manager.cli.words import Words, read
from manager.messages import duration, sentence

Json = dict[str, Any]

# A state differs by its shape and its word as well as by its colour.
SHAPES = {
    "off": ("○", "dim"),
    "queued": ("◐", "yellow"),
    "starting": ("◐", "cyan"),
    "setting_up": ("◐", "cyan"),
    "ready": ("●", "green"),
    "stopping": ("◐", "yellow"),
    "trouble": ("▲", "red"),
}
_COSTS = ("hourly", "session", "today", "month", "at_rest_monthly")
_STEPS = {"done": "●", "now": "◐", "todo": "○", "failed": "▲", "skipped": "○"}


def part(whole: Json, name: str) -> Json:
    """An object in an object; empty where there is none."""
    return whole.get(name) or {}


def steps(status: Json) -> list[Json]:
    """The steps of a start under way."""
    return part(status, "progress").get("steps", [])


def words_of(status: Json) -> Words:
    """The words for this status, at the panel's own time."""
    return Words(read(status["now"]), status["cost"]["currency"])


def headline(status: Json) -> str:
    """The one sentence."""
    return words_of(status).sentence(status["headline"])


def shape(status: Json) -> tuple[str, str]:
    """The state's shape and its colour."""
    return SHAPES.get(status["phase"], ("?", "white"))


def lines(status: Json) -> Iterator[tuple[str, str]]:
    """What stands below the headline, as (code of its label, words)."""
    words = words_of(status)
    if status["warning"]:
        yield "warning", words.sentence(status["warning"])
    yield from _trouble(status, words)
    for step in steps(status):
        took = f" ({duration(step['took_s'])})" if step.get("took_s") is not None else ""
        yield "steps", f"{_STEPS.get(step['state'], '?')} {words.sentence(step)}{took}"
    for detail in status["details"]:
        yield "why", words.sentence(detail)
    if status["stops_at"]:
        at = status["stops_at"]
        yield "stops", sentence("status.stops", moment=words.moment(at), countdown=words.countdown(at))
    if status["comfyui_url"]:
        yield "comfyui", status["comfyui_url"]
    if cost := _cost(status["cost"], words):
        yield "cost", cost
    if last := _last(status, words):
        yield "last", last
    yield "machine", _machine(status)


def _trouble(status: Json, words: Words) -> Iterator[tuple[str, str]]:
    trouble = status["trouble"]
    if not trouble:
        return
    if status["phase"] != "trouble":
        yield "trouble", trouble["title"]
    yield "what", words.sentence(trouble["detail"])
    yield "remedy", words.sentence(trouble["remedy"])
    if trouble["retry_at"]:
        yield "retry", sentence("status.retry", countdown=words.countdown(trouble["retry_at"]))


def _cost(cost: Json, words: Words) -> str:
    known = [name for name in _COSTS if cost[name] is not None]
    return " · ".join(sentence(f"cost.{name}", amount=words.money(_short(cost[name]))) for name in known)


def _short(amount: str) -> str:
    """0.545 stays, 0.550 is 0.55."""
    whole, dot, cents = amount.partition(".")
    return f"{whole}{dot}{cents[:2]}{cents[2:].rstrip('0')}"


def _last(status: Json, words: Words) -> str:
    last = status["last_session"]
    if not last or status["cost"]["session"] is not None:
        return ""
    told = {
        "began": words.moment(last["started_at"]),
        "ended": words.moment(last["ended_at"]),
        "cause": words.sentence(last["cause"]),
    }
    if last["cost"] is None:
        return sentence("status.last", **told)
    return sentence("status.last_paid", **told, amount=words.money(last["cost"]))


def _machine(status: Json) -> str:
    machine = part(status, "machine")
    made = [machine.get("machine_type"), machine.get("gpu"), sentence("plan.spot") if machine.get("spot") else None]
    where = [machine.get("zone"), machine.get("instance")]
    google = sentence("status.google", status=status["status"]) if status["status"] else sentence("status.unseen")
    return " · ".join(filter(None, [*made, *where, google]))
