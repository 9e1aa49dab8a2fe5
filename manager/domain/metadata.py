"""What has to be written into a VM's metadata, where people and other programs keep values of their own."""

from collections.abc import Mapping

# Which of the keys without our prefix are ours, because we wrote them, with commas.
_OURS = "gpubox-written"
_PREFIX = "gpubox-"


def noted(wanted: Mapping[str, str]) -> dict[str, str]:
    """What is wanted, with a note of which keys are ours by it; an empty value stands for a setting that is not set."""
    return {**wanted, _OURS: ",".join(sorted(key for key, value in wanted.items() if value and not _is_ours(key)))}


def due(have: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    """The values to write, empty where the key is to be taken out; none where all is as wanted.

    What is wanted empty is taken out only where we have put it there: a setting that was taken back goes, and what
    somebody else set stays.
    """
    written = have.get(_OURS, "").split(",")
    ours = {key: value for key, value in wanted.items() if value or _is_ours(key) or key in written}
    return {key: value for key, value in ours.items() if have.get(key, "") != value}


def _is_ours(key: str) -> bool:
    return key.startswith(_PREFIX)
