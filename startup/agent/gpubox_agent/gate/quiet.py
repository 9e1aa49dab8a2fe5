"""A log that says each refusal once in a while, and then how often it was: strangers knock a thousand times a day."""

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

_EVERY_S = 60.0
_MOST = 256


class Refusals:
    """Counts refusals by their code and address."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def note(self, code: str, address: str, what: str) -> None:
        """Somebody was refused; `what` is what they wanted, without anything secret."""
        now, key = self._monotonic(), (code, address)
        at, since = self._told.get(key, (-_EVERY_S, 0))
        if now - at < _EVERY_S:
            self._told[key] = (at, since + 1)
            return
        more = f", and {since} times before" if since else ""
        log.info("refused %s from %s: %s%s", what, address or "(nowhere)", code, more)
        if len(self._told) >= _MOST:
            self._told.clear()
        self._told[key] = (now, 0)
