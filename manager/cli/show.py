"""A box's status as people read it at a terminal: the one true sentence, then why, what it costs, what is next."""

from collections.abc import Iterator
from typing import Any

from manager.cli.words import Words, read
from manager.messages import duration

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
_STEPS = {"done": "●", "now": "◐", "todo": "○"}


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
    """What stands below the headline, as (what, words)."""
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
        yield "stops", f"{words.moment(status['stops_at'])}, in {words.countdown(status['stops_at'])}"
    if status["comfyui_url"]:
        yield "ComfyUI", status["comfyui_url"]
    if cost := _cost(status["cost"], words):
        yield "cost", cost
    if last := _last(status, words):
        yield "last time", last
    yield "machine", _machine(status)


def _trouble(status: Json, words: Words) -> Iterator[tuple[str, str]]:
    trouble = status["trouble"]
    if not trouble:
        return
    if status["phase"] != "trouble":
        yield "trouble", trouble["title"]
    yield "what", words.sentence(trouble["detail"])
    yield "what to do", words.sentence(trouble["remedy"])
    if trouble["retry_at"]:
        yield "next try", f"in {words.countdown(trouble['retry_at'])}"


def _cost(cost: Json, words: Words) -> str:
    parts = [
        (cost["hourly"], "{} an hour"),
        (cost["session"], "{} this time"),
        (cost["today"], "{} today"),
        (cost["month"], "{} this month"),
        (cost["at_rest_monthly"], "{} a month at rest"),
    ]
    return " · ".join(text.format(words.money(_short(amount))) for amount, text in parts if amount is not None)


def _short(amount: str) -> str:
    """0.545 stays, 0.550 is 0.55."""
    whole, dot, cents = amount.partition(".")
    return f"{whole}{dot}{cents[:2]}{cents[2:].rstrip('0')}"


def _last(status: Json, words: Words) -> str:
    last = status["last_session"]
    if not last or status["cost"]["session"] is not None:
        return ""
    began, ended = words.moment(last["started_at"]), words.moment(last["ended_at"])
    spent = f", {words.money(last['cost'])}" if last["cost"] is not None else ""
    return f"{began} to {ended}, {words.sentence(last['cause'])}{spent}"


def _machine(status: Json) -> str:
    machine = part(status, "machine")
    made = [machine.get("machine_type"), machine.get("gpu"), "spot" if machine.get("spot") else None]
    where = [machine.get("zone"), machine.get("instance")]
    google = f"Google says {status['status']}" if status["status"] else "not seen yet"
    return " · ".join(filter(None, [*made, *where, google]))
