"""What the box reports of itself, in the gallery: the model list, and the guard that turns the box off."""

from typing import Any

from .beginning import BEGINNING
from .box import ON
from .said import Status, at, said


def model(name: str, folder: str, state: str, share: float | None, code: str, text: str, **values: Any) -> Status:
    """One file of the model list."""
    return said(f"model.{code}", text, **values) | {"name": name, "folder": folder, "state": state, "share": share}


_FETCHED = model(
    "sd_xl_base_1.0.safetensors", "checkpoints", "done", 1.0, "done.size", "There, {all_size}", all_size=6.94e9
)
_FETCHING = model(
    "flux1-dev-fp8.safetensors",
    "diffusion_models",
    "running",
    0.36,
    "running",
    "{fetched_size} of {all_size}",
    fetched_size=4.28e9,
    all_size=11.9e9,
)
_AGAIN = model(
    "a-lora-with-quite-a-long-name-for-the-night-shift-of-the-studio-v2.safetensors",
    "loras",
    "running",
    0.5,
    "running.again",
    "Tried again, {fetched_size} are there: {problem}",
    fetched_size=1.2e8,
    problem="The connection broke off.",
)
_CHECKING = model("ae.safetensors", "vae", "checking", 1.0, "checking", "Being checked")
_WAITING = model("clip_l.safetensors", "text_encoders", "waiting", None, "waiting", "Comes later")
_LOST = model(
    "t5xxl_fp8_e4m3fn.safetensors",
    "text_encoders",
    "failed",
    None,
    "failed.why",
    "Could not be downloaded: {problem}",
    problem="The server answers 404: nothing is at this address.",
)


def _ending(reason: str, because: str) -> Status:
    return said(
        f"guard.{reason}",
        f"The box turns itself off in {{stops_in}} because {because}.",
        stops_in=at(minutes=3, seconds=40),
    )


_NOT_UP = _ending("never_ready", "ComfyUI has not come up")
_OVER = _ending("max_run", "its longest time is over")


REPORTING: dict[str, Status] = {
    "models-downloading": ON
    | {
        "busy": True,
        "headline": said(
            "ready.models", "Downloading models, {done} of {count} are there; it stays on.", done=1, count=5
        ),
        "details": [said("veto", "The box is busy with {what}.", what="a download")],
        "models": said(
            "models.running",
            "Downloading models: {done} of {count} there, {fetched_size} so far.",
            done=1,
            count=5,
            fetched_size=1.17e10,
        )
        | {"state": "running", "share": 0.45, "files": [_FETCHED, _FETCHING, _AGAIN, _CHECKING, _WAITING]},
    },
    "models-done": ON
    | {
        "models": said("models.done", "All {count} models of the list are there.", count=2)
        | {"state": "done", "share": 1.0, "files": [_FETCHED, _FETCHED | {"name": "clip_l.safetensors"}]},
    },
    "models-failed": ON
    | {
        "models": said("models.failed", "{failed} of {count} models could not be downloaded.", failed=1, count=2)
        | {"state": "failed", "share": 0.5, "files": [_FETCHED, _LOST]},
    },
    "noted": ON
    | {
        "notices": [
            {
                "code": "box.disk_space",
                "title": "The data disk is nearly full.",
                "detail": said("box.disk_space", "4.1 of 200 GB are free."),
                "remedy": said("box.disk_space", "Enlarge the disk, or delete models and outputs."),
            },
            {
                "code": "box.update_failed",
                "title": "The update of ComfyUI failed.",
                "detail": said("box.update_failed", "v0.34.0 does not answer. The version from before is running."),
                "remedy": said("box.update_failed", "Choose another version: gpubox box update --comfyui TAG"),
            },
        ]
    },
    "guard-announced": ON
    | {"warning": _OVER, "stops_at": at(minutes=3, seconds=40), "details": [_OVER, *ON["details"]]},
    "guard-announced-on-the-card": BEGINNING["setting-up"]
    | {"warning": _NOT_UP, "details": [_NOT_UP], "stops_at": at(minutes=3, seconds=40)},
    "guard-stopping": ON
    | {
        "warning": said(
            "guard.stopping", "The box is turning itself off because ComfyUI does not answer and nobody is at work."
        ),
        "stops_at": at(seconds=-1),
    },
}
