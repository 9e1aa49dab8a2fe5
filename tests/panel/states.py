"""A gallery of statuses: every phase and every oddity that the panel has to show, as the server would send it."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from .gallery.beginning import BEGINNING
from .gallery.disturbed import DISTURBED
from .gallery.refused import REFUSED
from .gallery.reporting import REPORTING
from .gallery.resting import RESTING
from .gallery.said import NOW, Status
from .gallery.working import WORKING

_GALLERY: dict[str, Status] = RESTING | BEGINNING | WORKING | DISTURBED | REFUSED | REPORTING

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
