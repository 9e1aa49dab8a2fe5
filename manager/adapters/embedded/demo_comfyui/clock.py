"""The time of day, for the timestamps in ComfyUI's messages.

No decision of the demo reads it; whoever composes the app may put another clock in its place.
"""

import time


def wall_clock_ms() -> int:
    """Give the milliseconds since 1970, ComfyUI's unit of time."""
    return time.time_ns() // 1_000_000
