"""On, with ComfyUI there."""

from .box import ON
from .said import Status, at, said

WORKING: dict[str, Status] = {
    "ready": ON,
    "ready-near-end": ON
    | {
        "stops_at": at(minutes=7, seconds=12),
        "headline": said("ready", "On. Stops at {stops_at} unless you go on.", stops_at=at(minutes=7, seconds=12)),
    },
    "rendering": ON
    | {
        "busy": True,
        "render": {"running": 1, "pending": 2, "share": 0.63},
        "headline": said("ready.render", "A render is running; it stays on."),
        "details": [said("render", "A render is running; it last moved at {seen_at}.", seen_at=at(seconds=-2))],
    },
    "held": ON
    | {
        "hold_until": at(hours=3.95),
        "stops_at": at(hours=3.95),
        "headline": said("ready.hold", "On. Held until {hold_until}.", hold_until=at(hours=3.95)),
        "details": [said("hold", "It is held until {hold_until}.", hold_until=at(hours=3.95))],
    },
    "presence-missing": ON
    | {
        "presence": "missing",
        "details": [
            *ON["details"],
            said(
                "presence_missing",
                "The presence node is not installed in this ComfyUI, so work inside it cannot be seen. "
                "Use “+30 min” while you edit.",
            ),
        ],
    },
    "warning": ON
    | {
        "last_activity": at(minutes=-25.5),
        "stops_at": at(minutes=4, seconds=32),
        "warns_at": at(seconds=-28),
        "headline": said("ready", "On. Stops at {stops_at} unless you go on.", stops_at=at(minutes=4, seconds=32)),
        "warning": said("idle", "Nobody here? Stops in {stops_in}.", stops_in=at(minutes=4, seconds=32)),
    },
    "run-limit-near": ON
    | {
        "run_limit_at": at(minutes=3, seconds=20),
        "stops_at": at(minutes=3, seconds=20),
        "warning": said(
            "run_limit",
            "The run limit is near. Google stops the box in {stops_in}; save your work.",
            stops_in=at(minutes=3, seconds=20),
        ),
    },
    "no-address": ON | {"comfyui_url": None, "external_ip": None},
}
