"""Requests for an upgrade that were let in a moment ago, by nginx's own number for them.

nginx asks about a request (`/_gpubox/check`) and then passes it on; by its number the gate knows it again. So neither
cookies nor tokens travel with what is passed on to ComfyUI.
"""

from collections import OrderedDict
from collections.abc import Callable

from gpubox_agent.gate.decide import Passed, Request

_LIFE_S = 10.0
_MOST = 1024


class Upgrades:
    """What was let in and has not come yet."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._expected: OrderedDict[str, tuple[float, Request, Passed]] = OrderedDict()

    def expect(self, request: Request, passed: Passed) -> None:
        """It was let in; nginx will pass it on now."""
        if not request.id or not request.upgrade:
            return
        self._expected[request.id] = (self._monotonic() + _LIFE_S, request, passed)
        while len(self._expected) > _MOST:
            self._expected.popitem(last=False)

    def take(self, number: str) -> tuple[Request, Passed] | None:
        """The one of this number, once; None where none was let in."""
        until, request, passed = self._expected.pop(number, (0.0, None, None))
        if request is None or passed is None or self._monotonic() >= until:
            return None
        return request, passed
