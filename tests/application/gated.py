"""A box that is on, behind a gate."""

import json
from datetime import timedelta
from typing import Any

from manager.application.ports import TokenClaims
from tests.support.clock import NOON
from tests.support.world import World

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
RELAY = "http://127.0.0.1:8186"
ANNA = TokenClaims("anna", NOON, NOON + timedelta(hours=8))


async def gated(**rules: Any) -> World:
    """A box that is on, behind a gate, reached by the relay."""
    world = await World(**({"relay_of": lambda _: RELAY} | rules)).open()
    world.vm.guest["entrance"] = json.dumps({"way": "relay", "url": None, "certificate": PEM})
    await world.boxes.start("comfyui")
    await world.tick(4)
    assert world.phase == "ready"
    return world
