"""The lines of a start: what is done, what goes on, what comes."""

from typing import Any

from .said import Status, at, said

# Code, text, and the seconds that it took and usually takes.
USUAL_STEPS = (
    ("capacity", "Capacity found in {zone}", 4, 5),
    ("booted", "VM booted", 21, 20),
    ("comfyui", "ComfyUI is starting", 9, 9),
    ("ready", "Ready", 1, 1),
)


def step(code: str, text: str, state: str, **figures: Any) -> Status:
    """One line of the timeline."""
    return said(code, text, **figures.pop("values", {})) | {
        "state": state,
        "began_at": None,
        "took_s": None,
        "usual_s": None,
        "share": None,
        **figures,
    }


def steps(done: int, elapsed: float) -> list[Status]:
    """The usual steps: the first `done` are over, the next one has gone on for `elapsed` seconds."""
    lines = []
    for index, (code, text, took, usual) in enumerate(USUAL_STEPS):
        state = "done" if index < done else "now" if index == done else "todo"
        lines.append(
            step(
                code,
                text,
                state,
                values={"zone": "us-central1-a"} if "{zone}" in text else {},
                usual_s=usual,
                took_s=took if state == "done" else None,
                began_at=at(seconds=-elapsed) if state == "now" else None,
            )
        )
    return lines
