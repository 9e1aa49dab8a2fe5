"""What went wrong, in words: what it is, what happened, and what a person can do."""

from dataclasses import dataclass
from typing import Any

from manager.domain.errors import Fault
from manager.messages import box, reach
from manager.messages.message import Message, fill


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault in words: what it is, what happened, and what a person can do."""

    code: str
    title: str
    detail: Message
    remedy: Message

    def as_json(self) -> dict[str, Any]:
        """`{code, title, detail, remedy}`; the last two with their values."""
        return {
            "code": self.code,
            "title": self.title,
            "detail": self.detail.as_json(),
            "remedy": self.remedy.as_json(),
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
    "gate_unreachable": (
        "The box's gate does not answer.",
        "{url}: {detail}",
        "It is tried again by itself. If it goes on, look at the log, and compare the panel's clock with the box's.",
    ),
    "nothing_to_frame": (
        "ComfyUI cannot be opened yet.",
        "The box has not said where it can be reached.",
        "It will be there by itself in a moment.",
    ),
    "nothing_to_frame.off": ("ComfyUI cannot be opened.", "The box is off.", "Start it first."),
    "nothing_to_frame.closed": (
        "ComfyUI cannot be opened yet.",
        "The box has no address that browsers accept: {problem}.",
        "The box's status says what to do; it is tried again by itself.",
    ),
    "nothing_to_frame.no_relay": (
        "There is no relay for this box.",
        "The panel cannot pass its ComfyUI on.",
        "Open ComfyUI in a tab of its own.",
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

_TABLE = _FAULTS | reach.FAULTS | {f"box.{code}": words for code, words in box.PROBLEMS.items()}


def problem(fault: Fault) -> Problem:
    """A fault in words; data that is missing reads as an ellipsis, never as an error of its own."""
    special = f"{fault.code}.{fault.data.get('kind')}"
    title, what, remedy = _TABLE.get(special) or _TABLE.get(fault.code, _TABLE["internal"])
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
