"""On, and something does not answer as it should."""

from .box import ON
from .said import Status, at, said
from .troubles import rate_limited, trouble

DISTURBED: dict[str, Status] = {
    "unreachable": ON
    | {
        "phase": "trouble",
        "headline": said("cloud_unreachable", "Google does not answer."),
        "trouble": trouble(
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
    "comfyui-lost": ON
    | {
        "phase": "trouble",
        "headline": said("trouble", "ComfyUI does not answer."),
        "trouble": trouble(
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
    "ready-in-trouble": ON | {"trouble": rate_limited([])},
}
