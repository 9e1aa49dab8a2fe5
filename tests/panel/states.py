"""A gallery of statuses: every phase and every oddity that the panel has to show, as the server would send it."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from .reports import reported
from .said import NOW, Status, at, said


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


_COST = {
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
_BILLING = _COST | {"session": "0.291"}

_LAST = {
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

_BASE: Status = {
    "name": "comfyui",
    "status": "TERMINATED",
    "phase": "off",
    "intent": "off",
    "reason": "Off. Google confirmed at 14:33.",
    "headline": said("off.confirmed", "Off. Google confirmed at {stopped_at}.", stopped_at=at(hours=-14.3)),
    "details": [],
    "warning": None,
    "trouble": None,
    "external_ip": None,
    "comfyui_url": None,
    "last_activity": None,
    "stops_at": None,
    "warns_at": None,
    "hold_until": None,
    "run_limit_at": None,
    "busy": False,
    "render": None,
    "presence": None,
    "started_at": None,
    "now": at(),
    "observed_at": at(seconds=-3),
    "cost": _COST,
    "progress": None,
    "machine": {
        "machine_type": "n1-standard-4",
        "gpu": "nvidia-tesla-t4",
        "gpu_count": 1,
        "spot": False,
        "zone": "us-central1-a",
    },
    "last_session": _LAST,
    "models": None,
    "notices": [],
    "journal": _JOURNAL[1:],
}

COMFYUI = "http://127.0.0.2:8188/"

_ON: Status = _BASE | {
    "status": "RUNNING",
    "phase": "ready",
    "intent": "on",
    "external_ip": "203.0.113.7",
    "comfyui_url": COMFYUI,
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
    "cost": _BILLING,
    "journal": _JOURNAL,
}

_STEPS = (
    ("capacity", "Capacity found in {zone}", 4, 5),
    ("booted", "VM booted", 21, 20),
    ("comfyui", "ComfyUI is starting", 9, 9),
    ("ready", "Ready", 1, 1),
)


def _steps(done: int, elapsed: float, failed: bool = False) -> list[Status]:
    lines = []
    for index, (code, text, took, usual) in enumerate(_STEPS):
        state = "done" if index < done else ("failed" if failed else "now") if index == done else "todo"
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


def _trouble(code: str, title: str, detail: Status, remedy: Status, actions: list[str], **more: Any) -> Status:
    return {
        "code": code,
        "title": title,
        "detail": detail,
        "remedy": remedy,
        "since": at(minutes=-4),
        "retry_at": None,
        "actions": actions,
        **more,
    }


def _in_trouble(trouble: Status, **more: Any) -> Status:
    return _BASE | {
        "phase": "trouble",
        "headline": said(trouble["code"], trouble["title"]),
        "trouble": trouble,
        **more,
    }


_LONG = "a-box-with-quite-a-long-name-for-the-night-shift-of-the-studio"

_GALLERY: dict[str, Status] = {
    "off-never-used": _BASE
    | {
        "headline": said("off.never", "Your box has not been started yet. Press Start, and ComfyUI will be here."),
        "last_session": None,
        "journal": [],
        "cost": _COST | {"today": "0", "month": "0.61", "month_seconds": 0, "saved_month": None},
    },
    "off": _BASE,
    "queued": _BASE
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
                *[step(code, text, "todo", usual_s=usual) for code, text, _, usual in _STEPS[1:]],
            ],
            "eta_at": None,
        },
    },
    "stockout": _BASE
    | {
        "phase": "queued",
        "intent": "on",
        "headline": said("queued", "Waiting for a free {machine}. Nothing is being billed.", machine="T4"),
        "trouble": _trouble(
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
    "starting": _BASE
    | {
        "status": "STAGING",
        "phase": "starting",
        "intent": "on",
        "headline": said("starting.usual", "Starting, usually about {usual_s}.", usual_s=35),
        "progress": {"steps": _steps(1, 8), "eta_at": at(seconds=27)},
        "cost": _BILLING | {"session": "0.001"},
    },
    "setting-up": _BASE
    | {
        "status": "RUNNING",
        "phase": "setting_up",
        "intent": "on",
        "headline": said("setting_up", "The machine is up; ComfyUI is starting."),
        "progress": {"steps": _steps(2, 6), "eta_at": at(seconds=4)},
        "cost": _BILLING | {"session": "0.004"},
        "external_ip": "203.0.113.7",
    },
    "setting-up-new-disk": _BASE
    | {
        "status": "RUNNING",
        "phase": "setting_up",
        "intent": "on",
        "headline": said("setting_up", "The machine is up; ComfyUI is starting."),
        "progress": {
            "steps": [
                *_steps(2, 6)[:2],
                step("box.packages", "System packages installed", "done", took_s=14),
                step("box.comfyui", "ComfyUI fetched", "done", took_s=6),
                step("box.python", "Installing Python and PyTorch", "now", share=0.41),
                step("box.requirements", "Installing what ComfyUI needs", "todo"),
                step("box.nodes", "Adding custom nodes", "todo"),
                *[line | {"state": "todo", "usual_s": None, "began_at": None} for line in _steps(2, 6)[2:]],
            ],
            "eta_at": None,
        },
        "cost": _BILLING | {"session": "0.011"},
        "external_ip": "203.0.113.7",
    },
    "ready": _ON,
    "ready-near-end": _ON
    | {
        "stops_at": at(minutes=7, seconds=12),
        "headline": said("ready", "On. Stops at {stops_at} unless you go on.", stops_at=at(minutes=7, seconds=12)),
    },
    "rendering": _ON
    | {
        "busy": True,
        "render": {"running": 1, "pending": 2, "share": 0.63},
        "headline": said("ready.render", "A render is running; it stays on."),
        "details": [said("render", "A render is running; it last moved at {seen_at}.", seen_at=at(seconds=-2))],
    },
    "held": _ON
    | {
        "hold_until": at(hours=3.95),
        "stops_at": at(hours=3.95),
        "headline": said("ready.hold", "On. Held until {hold_until}.", hold_until=at(hours=3.95)),
        "details": [said("hold", "It is held until {hold_until}.", hold_until=at(hours=3.95))],
    },
    "presence-missing": _ON
    | {
        "presence": "missing",
        "details": [
            *_ON["details"],
            said(
                "presence_missing",
                "The presence node is not installed in this ComfyUI, so work inside it cannot be seen. "
                "Use “+30 min” while you edit.",
            ),
        ],
    },
    "warning": _ON
    | {
        "last_activity": at(minutes=-25.5),
        "stops_at": at(minutes=4, seconds=32),
        "warns_at": at(seconds=-28),
        "headline": said("ready", "On. Stops at {stops_at} unless you go on.", stops_at=at(minutes=4, seconds=32)),
        "warning": said("idle", "Nobody here? Stops in {stops_in}.", stops_in=at(minutes=4, seconds=32)),
    },
    "stopping": _BASE
    | {
        "status": "STOPPING",
        "phase": "stopping",
        "headline": said("stopping", "Stopping. Google has not confirmed yet."),
        "started_at": at(hours=-1),
        "cost": _BILLING,
    },
    "stopping-for-long": _BASE
    | {
        "status": "RUNNING",
        "phase": "stopping",
        "headline": said(
            "stopping.long",
            "Still stopping after {waiting_s}. Google has not confirmed yet, so take it as billing.",
            waiting_s=900,
        ),
        "trouble": _trouble(
            "rate_limited",
            "Google asks to slow down.",
            said("rate_limited", "Too many requests from this project; nothing was lost."),
            said("rate_limited", "It is tried again by itself."),
            ["stop"],
            retry_at=at(seconds=40),
        ),
        "cost": _BILLING,
    },
    "permission": _in_trouble(
        _trouble(
            "permission_missing",
            "Google does not let this program start the box.",
            said(
                "permission_detail",
                "The service account lacks {permission} on {resource}.",
                permission="compute.instances.start",
                resource="projects/my-studio/zones/us-central1-a/instances/comfyui",
            ),
            said("permission_remedy", "Give it the role from docs/gcp.md, then try again."),
            ["retry", "cancel"],
        )
    ),
    "quota": _in_trouble(
        _trouble(
            "quota_exceeded",
            "The project may not use a GPU yet.",
            said(
                "quota_detail",
                "Google's limit {metric} is {limit} in {scope}.",
                metric="GPUS_ALL_REGIONS",
                limit="0",
                scope="all regions",
            ),
            said("quota_remedy", "Ask for 1 under IAM & Admin → Quotas; Google mostly answers within a day."),
            ["retry", "cancel"],
        )
    ),
    "api-disabled": _in_trouble(
        _trouble(
            "api_disabled",
            "The Compute Engine API is switched off in this project.",
            said(
                "api_detail",
                "Project {project} has never used it, or somebody switched it off.",
                project="my-studio-382910",
            ),
            said("api_remedy", "Run: gcloud services enable compute.googleapis.com"),
            ["retry"],
        ),
        last_session=None,
        journal=[],
        status=None,
        cost=_COST | {"hourly": None, "saved_month": None, "at_rest_monthly": None},
    ),
    "unreachable": _ON
    | {
        "phase": "trouble",
        "headline": said("cloud_unreachable", "Google does not answer."),
        "trouble": _trouble(
            "cloud_unreachable",
            "Google does not answer.",
            said(
                "unreachable_detail",
                "Nothing is known of the box since {seen_at}; then it was on.",
                seen_at=at(minutes=-4),
            ),
            said("unreachable_remedy", "It is asked again all the time. Check this computer's way to the internet."),
            [],
            retry_at=at(seconds=9),
        ),
    },
    "comfyui-lost": _ON
    | {
        "phase": "trouble",
        "headline": said("trouble", "ComfyUI does not answer."),
        "trouble": _trouble(
            "comfyui_unreachable",
            "ComfyUI does not answer.",
            said("comfyui_unreachable", "{url}: {detail}", url="http://203.0.113.7", detail="no answer"),
            said(
                "comfyui_unreachable",
                "Look at the log; stopping and starting the box helps most often. "
                "Models and pictures stay on the disk.",
            ),
            ["logs", "stop"],
        ),
    },
    "start-failed": _BASE
    | {
        "trouble": _trouble(
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
    "run-limit-near": _ON
    | {
        "run_limit_at": at(minutes=3, seconds=20),
        "stops_at": at(minutes=3, seconds=20),
        "warning": said(
            "run_limit",
            "The run limit is near. Google stops the box in {stops_in}; save your work.",
            stops_in=at(minutes=3, seconds=20),
        ),
    },
    "ready-in-trouble": _ON
    | {
        "trouble": _trouble(
            "rate_limited",
            "Google asks to slow down.",
            said("rate_limited", "Too many requests from this project; nothing was lost."),
            said("rate_limited", "It is tried again by itself."),
            [],
        ),
    },
    "no-address": _ON | {"comfyui_url": None, "external_ip": None},
    "long-names": _in_trouble(
        _trouble(
            "no_such_resource",
            "There is no such instance.",
            said(
                "missing_detail",
                "Google knows no {name}.",
                name=f"projects/the-project-of-the-studio-382910/zones/northamerica-northeast1-a/instances/{_LONG}",
            ),
            said("missing_remedy", "Check GCP_PROJECT, GCE_ZONE and GCE_INSTANCE, or make it: gpubox box create"),
            ["retry"],
        ),
        name=_LONG,
    ),
}

_GALLERY |= reported(_ON, _GALLERY["setting-up"])

NAMES = tuple(_GALLERY)


def state(name: str, **changes: Any) -> Status:
    """A fresh copy of one status of the gallery, with changes."""
    return deepcopy(_GALLERY[name]) | changes


def moved(status: Mapping[str, Any], now: datetime) -> Status:
    """The same status as if the gallery's now were `now`: all moments keep their distance."""
    shift = now - NOW

    def move(it: Any) -> Any:
        if isinstance(it, dict):
            return {key: move(value) for key, value in it.items()}
        if isinstance(it, list):
            return [move(value) for value in it]
        if isinstance(it, str) and it.endswith("Z") and it[4:5] == "-":
            return (datetime.fromisoformat(it) + shift).isoformat().replace("+00:00", "Z")
        return it

    return move(dict(status))
