"""Boxes and observations with what a test does not care about filled in."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from manager.adapters.memory.cloud import T4
from manager.domain.box import Box, Call, Cause, Intent, Observation, Place, Scheduling, Wanted
from tests.support.clock import NOON

PLACE = Place("gpubox-demo", "us-central1-a", "comfyui")
LIMIT = Scheduling(timedelta(hours=12))
WANTED = Wanted({"enable-guest-attributes": "TRUE"}, LIMIT)


def box(intent: Intent = Intent.OFF, **fields: Any) -> Box:
    return replace(Box("comfyui", PLACE, intent, Cause.PERSON, NOON), **fields)


def seen(status: str, *, prepared: bool = True, **fields: Any) -> Observation:
    """An observation of a VM that is set up as wanted, unless `prepared` is False."""
    scheduling = LIMIT if prepared else Scheduling(None, automatic_restart=True)
    metadata = WANTED.metadata if prepared else {}
    return replace(Observation(NOON, status, T4, scheduling, metadata), **fields)


def call(**fields: Any) -> Call:
    return replace(Call(asked_at=NOON), **fields)
