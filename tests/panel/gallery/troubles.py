"""What keeps a box from what somebody wants, and what helps."""

from typing import Any

from .box import OFF
from .said import Status, at, said


def trouble(code: str, title: str, detail: Status, remedy: Status, actions: list[str], **more: Any) -> Status:
    """A trouble of four minutes ago."""
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


def rate_limited(actions: list[str], **more: Any) -> Status:
    """A trouble that ends by itself."""
    return trouble(
        "rate_limited",
        "Google asks to slow down.",
        said("rate_limited", "Too many requests from this project; nothing was lost."),
        said("rate_limited", "It is tried again by itself."),
        actions,
        **more,
    )


def in_trouble(trouble: Status, **more: Any) -> Status:
    """A box that is off because of it."""
    return OFF | {
        "phase": "trouble",
        "headline": said(trouble["code"], trouble["title"]),
        "trouble": trouble,
        **more,
    }
