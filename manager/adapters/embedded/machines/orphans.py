"""No machine outlives the cloud: Linux kills a child whose parent dies, also by SIGKILL."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def _prepared() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: after it, only the call itself is safe

    def bind_to_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:  # the parent died between fork and prctl
            os._exit(1)

    return bind_to_parent


# A `preexec_fn`, or None where the system has no such thing.
BIND_TO_PARENT = _prepared()
