"""The guard's policy, out of the box's metadata. What is wrong is said once, and the last good value stays."""

import math
from collections.abc import Mapping
from dataclasses import replace

from gpubox_agent.guard.verdict import Policy

# The manager takes thirty days for the idle time, and adds five minutes.
_MONTH_MINUTES = 31 * 24 * 60
_YEAR_HOURS = 8760


def policy_of(attributes: Mapping[str, str], last: Policy | None = None) -> tuple[Policy, tuple[str, ...]]:
    """The policy, and a sentence for each value that could not be used.

    A key that is not there means its default; a wrong one means what `last` has, or the default.
    """
    default = Policy()
    last = last or default
    problems: list[str] = []
    minutes, wrong = _number(attributes, "gpubox-guard-minutes", 0.05, _MONTH_MINUTES, "35 (minutes)")
    if wrong is not None:
        problems.append(wrong)
        idle_s = last.idle_s
    else:
        idle_s = default.idle_s if minutes is None else minutes * 60
    hours, wrong = _number(attributes, "gpubox-max-run-hours", 0, _YEAR_HOURS, "12 (hours; 0 is no limit)")
    if wrong is not None:
        problems.append(wrong)
        max_run_s = last.max_run_s
    else:
        max_run_s = default.max_run_s if hours is None else (hours * 3600 or None)
    return replace(default, idle_s=idle_s, max_run_s=max_run_s), tuple(problems)


def _number(
    attributes: Mapping[str, str], key: str, least: float, most: float, example: str
) -> tuple[float | None, str | None]:
    """The number and the problem, of which at most one is not None."""
    text = attributes.get(key, "").strip()
    if not text:
        return None, None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value) and least <= value <= most:
        return value, None
    return None, f"{key} is {text[:40]!r}: not a number from {least:g} to {most:g}, as in {example}"
