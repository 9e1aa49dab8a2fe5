"""What a box's own services report: the guard that turns it off, and the download of the model list."""

from typing import Any

from manager.messages.message import Message

# Why the box turns itself off, by the guard's code; it ends a sentence.
_WHY = {
    "idle": " because nobody and nothing is at work",
    "silent": " because ComfyUI does not answer and nobody is at work",
    "never_ready": " because ComfyUI has not come up",
    "max_run": " because its longest time is over",
}
_ANNOUNCED = "The box turns itself off in {stops_in}"
_STOPPING = "The box is turning itself off"
_OFF = "The box may not turn itself off; only this panel and Google's run limit stop it."

_MODELS = {
    "running": "Downloading models: {done} of {count} there, {fetched_size} of {all_size}.",
    "running.unmeasured": "Downloading models: {done} of {count} there, {fetched_size} so far.",
    "done": "All {count} models of the list are there.",
    "done.one": "The model of the list is there.",
    "failed": "{failed} of {count} models could not be downloaded.",
    "failed.one": "The model of the list could not be downloaded.",
}

_FILES = {
    "waiting": "Comes later",
    "running": "{fetched_size} of {all_size}",
    "running.unmeasured": "{fetched_size} so far",
    "running.again": "Tried again, {fetched_size} are there: {problem}",
    "checking": "Being checked",
    "done": "There",
    "done.size": "There, {all_size}",
    "failed": "Could not be downloaded",
    "failed.why": "Could not be downloaded: {problem}",
}


def guard_announced(reason: str | None, **values: Any) -> Message:
    """The box's own word that it turns itself off; a newer box may name a reason that is not known here."""
    return Message(f"guard.{reason or 'announced'}", f"{_ANNOUNCED}{_WHY.get(reason or '', '')}.", values)


def guard_stopping(reason: str | None) -> Message:
    """The box's own word that it goes off now."""
    return Message("guard.stopping", f"{_STOPPING}{_WHY.get(reason or '', '')}.", {})


def guard_off() -> Message:
    """A guard that watches without being able to act."""
    return Message("guard.off", _OFF, {})


def models(code: str, **values: Any) -> Message:
    """How the model list stands, all in all."""
    return Message(f"models.{code}", _MODELS[code], values)


def model_file(code: str, **values: Any) -> Message:
    """How one file of the list stands."""
    return Message(f"model.{code}", _FILES[code], values)
