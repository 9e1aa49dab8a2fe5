"""What is said of a box: how it is, why, what is about to happen, and what happened."""

from collections.abc import Mapping
from typing import Any

from manager.domain.errors import Fault
from manager.messages.box import STEPS as BOX_STEPS
from manager.messages.faults import problem
from manager.messages.message import Message
from manager.messages.reach import JOURNAL as REACH_JOURNAL

_HEADLINES = {
    "off": "Your box sleeps. Models are safe on its disk.",
    "off.never": "Your box has not been started yet. Press Start, and ComfyUI will be here.",
    "off.confirmed": "Off. Google confirmed at {stopped_at}.",
    "queued": "Waiting for a free {machine}. Nothing is being billed.",
    "starting": "Starting, usually about a minute.",
    "starting.usual": "Starting, usually about {usual_s}.",
    "starting.after_stop": "Stopping first; it starts as soon as Google confirms the stop.",
    "setting_up": "The machine is up; ComfyUI is starting.",
    "setting_up.installing": "The machine is up; ComfyUI is being installed. Later starts find it done.",
    "ready": "On. Stops at {stops_at} unless you go on.",
    "ready.render": "A render is running; it stays on.",
    "ready.veto": "The box is busy with {what}; it stays on.",
    "ready.models": "Downloading models, {done} of {count} are there; it stays on.",
    "ready.hold": "On. Held until {hold_until}.",
    "ready.unknown": "ComfyUI does not answer since {since_at}. Without a sign of anybody the box stops at {stops_at}.",
    "stopping": "Stopping. Google has not confirmed yet.",
    "stopping.long": "Still stopping after {waiting_s}. Google has not confirmed yet, so take it as billing.",
    "paused": "Google says {status}. That is not off, so take it as billing.",
    "unseen": "Asking Google how your box is.",
}

_DETAILS = {
    "panel": "Somebody was in this panel at {seen_at}.",
    "comfyui": "Somebody worked in ComfyUI at {seen_at}.",
    "render": "A render is running; it last moved at {seen_at}.",
    "rendered": "The last render ended at {seen_at}.",
    "veto": "The box is busy with {what}.",
    "vetoed": "The box was busy with work of its own until {seen_at}.",
    "hold": "It is held until {hold_until}.",
    "start": "It was started at {seen_at}.",
    "unknown": "ComfyUI cannot be asked since {seen_at}. That counts neither as work nor as idleness.",
    "run_limit": "Google stops it at {limit_at} whatever happens.",
    "presence_missing": (
        "The presence node is not installed in this ComfyUI, so work inside it cannot be seen. "
        "Use “+30 min” while you edit."
    ),
}

_WARNINGS = {
    "idle": "Nobody here? Stops in {stops_in}.",
    "idle.blind": "Still there? This ComfyUI cannot show it. Stops in {stops_in}.",
    "silent": "ComfyUI does not answer and nobody is here. Stops in {stops_in}.",
    "run_limit": "The run limit is near. Google stops the box in {stops_in}; save your work.",
}

# Each step of a start: while it is to come or under way, and once it is done.
_STEPS = {
    "capacity": ("Finding a free machine in {zone}", "Machine found in {zone}"),
    "booted": ("Booting the machine", "Machine booted"),
    "comfyui": ("Starting ComfyUI", "ComfyUI started"),
    "ready": ("Ready", "Ready"),
}

_CAUSES = {
    "person": "stopped by you",
    "idle": "stopped by itself after {idle_s} without work",
    "silent": "stopped because ComfyUI could not be asked for {idle_s} and nobody was here",
    "run_limit": "stopped by the run limit",
    "no_capacity": "given up: no capacity for an hour",
    "failed": "the start failed",
    "outside": "stopped from outside the panel",
    "preempted": "taken back by Google (preempted)",
    "host": "stopped by a fault of Google's host",
    "guest": "turned off from inside the machine",
    "unknown": "stopped, Google does not say why",
}

_JOURNAL = {
    "start_asked": "Start asked for.",
    "stop_asked": "Stop asked for.",
    "start_cancelled": "The start was called off.",
    "started": "The box is on, after {took_s}.",
    "ready": "ComfyUI answers, after {took_s}.",
    "stopped": "Off, confirmed by Google; it was on for {on_s} and cost {session_money}.",
    "stopped.short": "Off, confirmed by Google.",
    "idle_stop": "No work for {idle_s}: the box is being stopped.",
    "silent_stop": "ComfyUI could not be asked since {since_at} and nobody was here: the box is being stopped.",
    "run_limit_stop": "The run limit of {limit_s} is reached: the box is being stopped.",
    "idle_stop_dropped": "Somebody or a render came back at the last moment: the box stays on.",
    "hold": "Held on until {hold_until}.",
    "hold_ended": "The hold was ended.",
    "adopted_on.outside": "Started from outside the panel{by}.",
    "adopted_on.unknown": "Found running.",
    "adopted_off.outside": "Stopped from outside the panel{by}.",
    "adopted_off.run_limit": "Stopped by Google at the run limit.",
    "adopted_off.preempted": "Taken back by Google (preempted).",
    "adopted_off.host": "Stopped by a fault of Google's host.",
    "adopted_off.guest": "Turned off from inside the machine.",
    "adopted_off.unknown": "Found stopped; Google does not say why.",
    "new_address": "The box has a new address: {ip}.",
    "fault": "{title} {detail}",
    "backstop_missing": "Google shows no run limit for this start. The panel will stop the box itself at {limit_at}.",
    "unreachable": "Google cannot be reached; the box counts as billing.",
    "reachable": "Google answers again.",
    "comfyui_lost": "ComfyUI stopped answering.",
    "comfyui_back": "ComfyUI answers again.",
    "manager_started": "The panel was started and found the box {status}.",
}


def headline(code: str, **values: Any) -> Message:
    """The one true sentence about a box."""
    return Message(code, _HEADLINES[code], values)


# What the box's guard holds the box on for, by its code; it stands in "busy with …".
_VETOES = {
    "render": "a render",
    "download": "a download",
    "upload": "an upload",
    "login": "somebody who is logged in on it",
    "gpu": "a program on its GPU",
    "hold": "a hold",
    "start": "its own setup",
}


def veto(code: str) -> str:
    """What a box is busy with; a newer box may name what is not known here."""
    return _VETOES.get(code, code)


def detail(code: str, **values: Any) -> Message:
    """One reason why a box is on."""
    return Message(code, _DETAILS[code], values)


def warning(code: str, **values: Any) -> Message:
    """What is about to happen unless somebody acts."""
    return Message(code, _WARNINGS[code], values)


def step(code: str, *, done: bool, **values: Any) -> Message:
    """One step of a start."""
    return Message(code, _STEPS[code][done], values)


def box_step(code: str, *, done: bool) -> Message:
    """One step of the setup on the box."""
    return Message(f"box.{code}", BOX_STEPS[code][done], {})


def cause(code: str, **values: Any) -> Message:
    """Why a box went off."""
    return Message(code, _CAUSES[code], values)


def journal(code: str, values: Mapping[str, Any]) -> Message:
    """A journal entry in words; an entry of a newer or older program shows its code."""
    if code == "fault":
        problem_ = problem(Fault(values.get("code", "internal"), values))
        return Message(code, _JOURNAL["fault"], {"title": problem_.title, "detail": problem_.detail.in_utc()})
    return Message(code, _JOURNAL.get(code) or REACH_JOURNAL.get(code, code), values)
