"""Every sentence that the program says to a person, so that a second language can follow.

A text is a template. The names of its values tell how a page or a terminal shows them: `…_at` and `…_until` are
moments, shown in the reader's zone; `…_in` a moment shown as a countdown to it; `…_s` seconds, shown as people
say durations; `…_money` an amount in the box's currency; anything else is shown as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from manager.domain.errors import Fault


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence with its values, ready to be shown in the reader's zone."""

    code: str
    text: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        """`{code, text, values}`, moments as RFC 3339 in UTC."""
        return {"code": self.code, "text": self.text, "values": {k: plain(v) for k, v in self.values.items()}}

    def in_utc(self) -> str:
        """The sentence for logs, scripts and terminals."""
        return fill(self.text, {k: plain(v) for k, v in self.values.items()})


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault in words: what it is, what happened, and what a person can do."""

    code: str
    title: str
    detail: Message
    remedy: Message


_HEADLINES = {
    "off": "Your box sleeps. Models are safe on its disk.",
    "off.never": "Your box has not been started yet. Press Start, and ComfyUI will be here.",
    "off.confirmed": "Off. Google confirmed at {stopped_at}.",
    "queued": "Waiting for a free {machine}. Nothing is being billed.",
    "starting": "Starting, usually about a minute.",
    "starting.usual": "Starting, usually about {usual_s}.",
    "starting.after_stop": "Stopping first; it starts as soon as Google confirms the stop.",
    "setting_up": "The machine is up; ComfyUI is starting.",
    "ready": "On. Stops at {stops_at} unless you go on.",
    "ready.forever": "On.",
    "ready.render": "A render is running; it stays on.",
    "ready.veto": "The box is busy with {what}; it stays on.",
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

# code: (title, what happened, what to do)
_FAULTS = {
    "stockout": (
        "No {machine} free in {zone} right now.",
        "Google has none to give in {zone} at the moment{rooms}.",
        "It is tried again every 30 seconds for an hour; another zone or a spot VM may be quicker.",
    ),
    "quota_exceeded": (
        "Your Google project's quota is used up.",
        "The quota {metric} is {limit} ({scope}). Nothing is being billed for this start.",
        (
            "Ask Google for more: Google Cloud console, IAM & Admin, Quotas, filter for {metric}, Edit. It often "
            "takes minutes, for new projects up to two days."
        ),
    ),
    "permission_missing": (
        "Google does not let the panel do this.",
        "The right {permission} is missing on {resource}.",
        "Give the panel's service account a role with {permission}; docs/gcp.md has the command.",
    ),
    "api_disabled": (
        "The Compute Engine API is off.",
        "It is not enabled in the project {project}.",
        "Run: gcloud services enable compute.googleapis.com --project {project}",
    ),
    "bad_credentials": (
        "Google does not accept the panel's credentials.",
        "{detail}",
        "Set GOOGLE_APPLICATION_CREDENTIALS to the service account's key file, or run on a VM with a service account.",
    ),
    "billing_disabled": (
        "The project has no billing.",
        "Google starts nothing in {project} without a billing account.",
        "Link a billing account: Google Cloud console, Billing, Link a billing account.",
    ),
    "no_such_resource": (
        "There is no such {kind}.",
        "Google knows no {kind} named {name}.",
        "Check GCP_PROJECT, GCE_ZONE and GCE_INSTANCE, or make the box with: gpubox box create",
    ),
    "cloud_unreachable": (
        "Google cannot be reached.",
        "{endpoint} gave no usable answer: {detail}. Until it does, take the box as billing.",
        "It is tried again by itself. Check this computer's network if it goes on.",
    ),
    "rate_limited": (
        "Google asks to slow down.",
        "Too many requests from this project; nothing was lost.",
        "It is tried again by itself.",
    ),
    "not_ready_yet": (
        "Google is still busy with the box.",
        "{detail}",
        "It is tried again by itself.",
    ),
    "conflict": (
        "Somebody else changed the box at the same moment.",
        "{detail}",
        "It is tried again by itself; if it goes on, see who else changes this VM.",
    ),
    "cloud_refused": (
        "Google refused.",
        "{reason}: {message}",
        "The sentence above is Google's own. If it does not help, see docs/gcp.md.",
    ),
    "comfyui_unreachable": (
        "ComfyUI does not answer.",
        "{url}: {detail}",
        "Look at the log; stopping and starting the box helps most often. Models and pictures stay on the disk.",
    ),
    "unknown_box": ("No such box.", "There is no box named {name}.", "See the names with: gpubox status"),
    "box_exists": ("The name is taken.", "There already is a box named {name}.", "Choose another name."),
    "store_unavailable": (
        "The panel's database cannot be used.",
        "{detail}",
        "Nothing was changed. Free some space or mend the folder's rights (STATE_DIR, DATABASE_URL) and try again.",
    ),
    "store_unavailable.in_use": (
        "Another panel is at work on the same boxes.",
        "{detail}.",
        "Stop that one, or give this one a STATE_DIR (or DATABASE_URL) of its own.",
    ),
    "store_unavailable.full": (
        "The disk is full.",
        "The panel's database cannot be written: {detail}.",
        "Nothing was changed. Free some space in STATE_DIR; it goes on by itself.",
    ),
    "store_unavailable.locked": (
        "The panel's database is locked.",
        "Another program holds it: {detail}.",
        "Nothing was changed. Close what has it open (a backup, an editor) and try again.",
    ),
    "store_unavailable.read_only": (
        "The panel's database cannot be written.",
        "{detail}.",
        "Nothing was changed. Give the panel's user the right to write in STATE_DIR.",
    ),
    "store_unavailable.damaged": (
        "The panel's database is damaged.",
        "{detail}.",
        "Put a backup in its place, or move the file away: boxes are found again, the journal begins anew.",
    ),
    "store_unavailable.newer": (
        "The database belongs to a newer gpubox.",
        "{detail}.",
        "Update the program, or put the backup from before the update in its place.",
    ),
    "store_unavailable.unreachable": (
        "The database server cannot be reached.",
        "{detail}.",
        "Nothing was changed. Check that it runs and that DATABASE_URL is right.",
    ),
    "login_refused": ("That is not the password.", "The password is wrong.", "Try again."),
    "too_many_logins": (
        "Too many attempts.",
        "Too many wrong passwords came in.",
        "Wait {retry_after} seconds and try again.",
    ),
    "not_authenticated": ("Please log in.", "There is no valid session: {why}.", "Log in again."),
    "cross_site_refused": (
        "Refused: the request came from another site.",
        "A page of another site tried to use this session.",
        "If it was you, send the token in the header x-auth-token instead of the cookie.",
    ),
    "invalid_input": ("That value cannot be.", "{field}: {problem}", "Correct it and try again."),
    "not_found": ("There is nothing here.", "Nothing is at {path}.", "See /docs for what there is."),
    "method_not_allowed": (
        "That cannot be done here.",
        "{path} does not know {method}.",
        "See /docs for what it knows.",
    ),
    "too_large": ("That is too much.", "The request is larger than {limit} bytes.", "Send a smaller one."),
    "unsupported_media_type": (
        "That is not JSON.",
        "The request says that it is something else.",
        "Send JSON with the header Content-Type: application/json.",
    ),
    "bad_request": ("That cannot be read.", "The request is malformed.", "Send JSON as /docs describes it."),
    "not_ready": ("The panel is not ready.", "{detail}", "Try again in a moment."),
    "internal": (
        "Something went wrong in the panel.",
        "It was written to the log and nothing was changed.",
        "Try again; if it goes on, look at the log.",
    ),
}


def headline(code: str, **values: Any) -> Message:
    """The one true sentence about a box."""
    return Message(code, _HEADLINES[code], values)


def detail(code: str, **values: Any) -> Message:
    """One reason why a box is on."""
    return Message(code, _DETAILS[code], values)


def warning(code: str, **values: Any) -> Message:
    """What is about to happen unless somebody acts."""
    return Message(code, _WARNINGS[code], values)


def step(code: str, *, done: bool, **values: Any) -> Message:
    """One step of a start."""
    return Message(code, _STEPS[code][done], values)


def cause(code: str, **values: Any) -> Message:
    """Why a box went off."""
    return Message(code, _CAUSES[code], values)


def journal(code: str, values: Mapping[str, Any]) -> Message:
    """A journal entry in words; an entry of a newer or older program shows its code."""
    if code == "fault":
        problem_ = problem(Fault(values.get("code", "internal"), values))
        return Message(code, _JOURNAL["fault"], {"title": problem_.title, "detail": problem_.detail.in_utc()})
    return Message(code, _JOURNAL.get(code, code), values)


def problem(fault: Fault) -> Problem:
    """A fault in words; data that is missing reads as an ellipsis, never as an error of its own."""
    special = f"{fault.code}.{fault.data.get('kind')}"
    title, what, remedy = _FAULTS.get(special) or _FAULTS.get(fault.code, _FAULTS["internal"])
    values = dict(fault.data)
    if fault.code == "stockout":
        zones: list[str] = list(values.get("zones") or [])
        values["rooms"] = f"; it says that {', '.join(zones)} has some" if zones else ""
    return Problem(
        fault.code,
        fill(title, values),
        Message(fault.code, what, values),
        Message(fault.code, remedy, values),
    )


_SLOT = re.compile(r"\{(\w+)\}")


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with its values in UTC, for where no reader's zone is known."""
    return _SLOT.sub(lambda match: _shown(match[1], values.get(match[1])), text)


def plain(value: Any) -> Any:
    """A value as JSON has it: moments in RFC 3339, everything else that JSON does not know as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("list[Any]", value)]
    return str(value)


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "…"
    if name.endswith(("_at", "_until", "_in")):
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return f"{moment.astimezone(UTC):%H:%M} UTC"
    if name.endswith("_s"):
        return duration(float(value))
    return str(value)


def duration(seconds: float) -> str:
    """Seconds as people say them: 45 s, 4 min, 2 h 10 min."""
    total = max(0, round(seconds))
    if total < 100:  # noqa: PLR2004 - below that, people still think in seconds
        return f"{total} s"
    minutes = round(total / 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
