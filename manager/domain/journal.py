"""The journal's entries: what happened to a box and why, as data. `messages` words them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `code` names the sentence, `data` fills it in."""

    at: datetime
    box: str
    code: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
