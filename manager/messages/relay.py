"""What the relay says where it does not pass on: a title and what to do, by code."""

from collections.abc import Mapping
from typing import Final

RELAY: Final[Mapping[str, tuple[str, str]]] = {
    "bad_request": ("That is no request to a web page", "Open ComfyUI from the panel."),
    "not_found": ("There is nothing here", "This part of the address belongs to gpubox."),
    "missing": ("Not let in", "Open ComfyUI from the panel: it lets this browser in."),
    "expired": ("The ticket has expired", "It is good for a minute. Open ComfyUI from the panel once more."),
    "used": ("The ticket was used already", "It is good once. Open ComfyUI from the panel once more."),
    "invalid": ("This is no ticket of the panel", "Open ComfyUI from the panel."),
    "ended": ("The session is over", "Log into the panel again, and open ComfyUI from there."),
    "cross_site_refused": ("Refused: another page asked for it", "Only ComfyUI's own page may ask for this."),
    "no_service_worker": ("Refused: a service worker", "Nothing may stay between this browser and the relay."),
    "box_off": ("The box is off", "Start it in the panel; ComfyUI is here as soon as it runs."),
    "silent": ("The box does not answer", "It may still be starting, or stopping. The panel says what it knows."),
    "certificate": (
        "The box shows another certificate than the one it named",
        "Nothing was sent to it. Stop and start the box; if that does not help, somebody may be in between.",
    ),
}
