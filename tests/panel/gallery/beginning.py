"""From the press of Start to ComfyUI's first answer."""

from .box import BILLING, OFF
from .said import Status, at, said
from .timeline import USUAL_STEPS, step, steps
from .troubles import trouble

BEGINNING: dict[str, Status] = {
    "queued": OFF
    | {
        "phase": "queued",
        "intent": "on",
        "headline": said("queued", "Waiting for a free {machine}. Nothing is being billed.", machine="T4"),
        "progress": {
            "steps": [
                step(
                    "capacity",
                    "Asking Google for a machine in {zone}",
                    "now",
                    values={"zone": "us-central1-a"},
                    began_at=at(seconds=-6),
                ),
                *[step(code, text, "todo", usual_s=usual) for code, text, _, usual in USUAL_STEPS[1:]],
            ],
            "eta_at": None,
        },
    },
    "stockout": OFF
    | {
        "phase": "queued",
        "intent": "on",
        "headline": said("queued", "Waiting for a free {machine}. Nothing is being billed.", machine="T4"),
        "trouble": trouble(
            "stockout",
            "No T4 free in us-central1-a right now.",
            said(
                "stockout",
                "Nothing is being billed. Google has none to give in {zone} at the moment{rooms}.",
                zone="us-central1-a",
                rooms="; it says that us-central1-f, us-east1-d has some",
            ),
            said(
                "stockout", "It is tried again every 30 seconds for an hour; another zone or a spot VM may be quicker."
            ),
            ["retry", "cancel"],
            retry_at=at(seconds=22),
        ),
    },
    "starting": OFF
    | {
        "status": "STAGING",
        "phase": "starting",
        "intent": "on",
        "headline": said("starting.usual", "Starting, usually about {usual_s}.", usual_s=35),
        "progress": {"steps": steps(1, 8), "eta_at": at(seconds=27)},
        "cost": BILLING | {"session": "0.001"},
    },
    "setting-up": OFF
    | {
        "status": "RUNNING",
        "phase": "setting_up",
        "intent": "on",
        "headline": said("setting_up", "The machine is up; ComfyUI is starting."),
        "progress": {"steps": steps(2, 6), "eta_at": at(seconds=4)},
        "cost": BILLING | {"session": "0.004"},
        "external_ip": "203.0.113.7",
    },
    "setting-up-new-disk": OFF
    | {
        "status": "RUNNING",
        "phase": "setting_up",
        "intent": "on",
        "headline": said("setting_up", "The machine is up; ComfyUI is starting."),
        "progress": {
            "steps": [
                *steps(2, 6)[:2],
                step("box.packages", "System packages installed", "done", took_s=14),
                step("box.comfyui", "ComfyUI fetched", "done", took_s=6),
                step("box.python", "Installing Python and PyTorch", "now", share=0.41),
                step("box.requirements", "Installing what ComfyUI needs", "todo"),
                step("box.nodes", "Adding custom nodes", "todo"),
                *[line | {"state": "todo", "usual_s": None, "began_at": None} for line in steps(2, 6)[2:]],
            ],
            "eta_at": None,
        },
        "cost": BILLING | {"session": "0.011"},
        "external_ip": "203.0.113.7",
    },
    "start-failed": OFF
    | {
        "trouble": trouble(
            "stockout",
            "No T4 free in us-central1-a right now.",
            said(
                "stockout",
                "Nothing is being billed. Google has none to give in {zone} at the moment.",
                zone="us-central1-a",
            ),
            said("stockout", "It was tried for an hour. Another zone or a spot VM may be quicker."),
            ["start", "dismiss"],
        ),
    },
}
