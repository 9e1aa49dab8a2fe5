"""What the box is told by instance metadata, as far as the gate asks."""

import asyncio
import logging
from collections.abc import Mapping

from gpubox_agent.gate.addresses import networks
from gpubox_agent.gate.decide import Told
from gpubox_agent.gate.passes import public_keys
from gpubox_agent.metadata import Box as Known
from gpubox_agent.metadata import Metadata

log = logging.getLogger(__name__)


def told_by(said: Mapping[str, str]) -> Told:
    """What the attributes say; what is missing lets nobody in."""
    domain = said.get("domain_name", "")
    listed = [text for text in said.get("allowed_ip", "").split(",") if text.strip()]
    return Told(
        box=said.get("gpubox-box", ""),
        keys=public_keys(said.get("gpubox-gate-keys", "")),
        origins=frozenset([f"https://{domain.lower()}"] if domain else []),
        relay=said.get("gpubox-entrance", "relay") == "relay",
        allowed=networks(listed) if listed else None,
    )


class Box:
    """What is known now; `asked` is set once the metadata server was.

    The manager may write its keys while the box runs: one that somebody else has started.
    """

    def __init__(self) -> None:
        self.told = told_by({})
        self.asked = asyncio.Event()

    async def follow(self, metadata: Metadata) -> None:
        """Take in what the metadata server says, else what was read last, and then each change, for ever."""
        async for box in metadata.follow():
            self.take(box)
            self.asked.set()

    def take(self, box: Known | None) -> None:
        """Go by this from now on; what is known already stays where nothing new is."""
        if box is None or not box.attributes:
            return
        told = told_by(box.attributes)
        if told != self.told:
            log.info("told: box %s, %d keys, relay %s", told.box or "(none)", len(told.keys), told.relay)
        self.told = told
