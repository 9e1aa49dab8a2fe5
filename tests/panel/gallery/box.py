"""A box that is off and one that is on: what the other states of the gallery are made of."""

from tests.support.statuses import at_rest

from .said import Status, at, said

COST = {
    "currency": "USD",
    "hourly": "0.545",
    "session": None,
    "today": "0.384",
    "month": "11.203",
    "month_seconds": 73320,
    "saved_month": "384.18",
    "at_rest_monthly": "10.00",
    "rates_as_of": "2026-09-27",
}
BILLING = COST | {"session": "0.291"}

_LAST_SESSION = {
    "started_at": at(hours=-16.9),
    "ended_at": at(hours=-14.3),
    "cost": "1.38",
    "cause": said("idle", "stopped by itself after {quiet_s} without work", quiet_s=1800),
}

_JOURNAL = [
    said("started", "Started from the panel.") | {"at": at(minutes=-32)},
    said(
        "stopped_idle",
        "Stopped after {quiet_s} without work. Google confirmed at {seen_at}.",
        quiet_s=1800,
        seen_at=at(hours=-14.3),
    )
    | {"at": at(hours=-14.3)},
    said("stockout", "No T4 free in {zone}; waiting.", zone="us-central1-a") | {"at": at(hours=-16.95)},
    said("started", "Started from the panel.") | {"at": at(hours=-16.9)},
    said("outside_stop", "Stopped from Google's console by {who}.", who="mia@example.com") | {"at": at(days=-3.2)},
    said("preempted", "Google took the machine back (Spot).") | {"at": at(days=-9)},
]

OFF: Status = at_rest() | {
    "name": "comfyui",
    "reason": "Off. Google confirmed at 14:33.",
    "headline": said("off.confirmed", "Off. Google confirmed at {stopped_at}.", stopped_at=at(hours=-14.3)),
    "now": at(),
    "observed_at": at(seconds=-3),
    "cost": COST,
    "machine": {
        "machine_type": "n1-standard-4",
        "gpu": "nvidia-tesla-t4",
        "gpu_count": 1,
        "spot": False,
        "zone": "us-central1-a",
    },
    "last_session": _LAST_SESSION,
    "models": None,
    "notices": [],
    "journal": _JOURNAL[1:],
}

ON: Status = OFF | {
    "status": "RUNNING",
    "phase": "ready",
    "intent": "on",
    "external_ip": "203.0.113.7",
    "comfyui_url": "http://127.0.0.2:8188/",
    "last_activity": at(minutes=-1),
    "stops_at": at(minutes=29, seconds=30),
    "warns_at": at(minutes=24, seconds=30),
    "run_limit_at": at(hours=11.4),
    "started_at": at(minutes=-32),
    "render": {"running": 0, "pending": 0, "share": None},
    "presence": "present",
    "headline": said("ready", "On. Stops at {stops_at} unless you go on.", stops_at=at(minutes=29, seconds=30)),
    "details": [
        said("panel", "Somebody was in this panel at {seen_at}.", seen_at=at(minutes=-1)),
        said("run_limit", "Google stops it at {limit_at} whatever happens.", limit_at=at(hours=11.4)),
    ],
    "cost": BILLING,
    "journal": _JOURNAL,
}
