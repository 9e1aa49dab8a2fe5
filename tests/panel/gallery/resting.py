"""Off, and on the way to it."""

from .box import BILLING, COST, OFF
from .said import Status, at, said
from .troubles import rate_limited

RESTING: dict[str, Status] = {
    "off-never-used": OFF
    | {
        "headline": said("off.never", "Your box has not been started yet. Press Start, and ComfyUI will be here."),
        "last_session": None,
        "journal": [],
        "cost": COST | {"today": "0", "month": "0.61", "month_seconds": 0, "saved_month": None},
    },
    "off": OFF,
    "stopping": OFF
    | {
        "status": "STOPPING",
        "phase": "stopping",
        "headline": said("stopping", "Stopping. Google has not confirmed yet."),
        "started_at": at(hours=-1),
        "cost": BILLING,
    },
    "stopping-for-long": OFF
    | {
        "status": "RUNNING",
        "phase": "stopping",
        "headline": said(
            "stopping.long",
            "Still stopping after {waiting_s}. Google has not confirmed yet, so take it as billing.",
            waiting_s=900,
        ),
        "trouble": rate_limited(["stop"], retry_at=at(seconds=40)),
        "cost": BILLING,
    },
}
