"""Passes as the real manager signs them, and a gate in this process."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gpubox_agent.gate.box import Box
from gpubox_agent.gate.clock import GateClock
from gpubox_agent.gate.cookies import NAME
from gpubox_agent.gate.decide import Request
from gpubox_agent.gate.gate import Gate
from gpubox_agent.gate.memory import Memory
from gpubox_agent.gate.passes import public_keys
from gpubox_agent.metadata import Box as Known
from manager.adapters.passes import Passes

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOW = NOON.timestamp()
BOX = "comfyui"
HERE, THERE, MANAGER = "198.51.100.7", "203.0.113.9", "192.0.2.1"
ORIGIN = "https://comfy.example.com"
MANAGER_KEY = Passes(bytes(range(32)))
OTHER_KEY = Passes(bytes(range(1, 33)))
SAYS: dict[str, Any] = {"sessions": [], "keep_alive_age_s": None, "hold_s": 0, "stopping": False, "allowed": []}


def attributes(**more: str) -> dict[str, str]:
    """Metadata of a box with a domain."""
    return {
        "gpubox-box": BOX,
        "gpubox-gate-keys": MANAGER_KEY.public_key,
        "gpubox-entrance": "domain",
        "domain_name": "comfy.example.com",
    } | {name.replace("_", "-") if name != "allowed_ip" else name: value for name, value in more.items()}


def at(**since: float) -> datetime:
    return NOON + timedelta(**since)


def ticket(session: str = "anna", *, when: datetime = NOON, box: str = BOX, key: Passes = MANAGER_KEY) -> str:
    return key.ticket(box, session, NOON + timedelta(hours=8), when)


def statement(*sessions: str, when: datetime = NOON, key: Passes = MANAGER_KEY, **more: Any) -> str:
    return key.statement(BOX, SAYS | {"sessions": list(sessions)} | more, when)


class Wall:
    """A clock, and a monotonic one beside it, that a test moves."""

    def __init__(self) -> None:
        self.wall, self.monotonic, self.synchronised = NOW, 1000.0, True

    def forward(self, **span: float) -> None:
        seconds = timedelta(**span).total_seconds()
        self.wall += seconds
        self.monotonic += seconds


def make_gate(folder: Path, wall: Wall, **metadata: str) -> Gate:
    clock = GateClock(lambda: wall.wall, lambda: wall.monotonic, lambda: wall.synchronised)
    box = Box()
    box.take(Known(attributes(**metadata)))
    run = folder / "run"
    run.mkdir(exist_ok=True)
    return Gate(box, Memory(folder / "state"), clock, run, run)


def enter(gate: Gate, proof: str, address: str = HERE) -> str:
    """The Cookie header that a browser sends after it has shown this ticket."""
    cookie = gate.enter(proof, Request(address, "POST", ORIGIN, "same-origin"))
    assert cookie.startswith(f"{NAME}=")
    return cookie.partition(";")[0]


def page(cookie: str = "", address: str = HERE, **more: str) -> Request:
    """A GET of ComfyUI's own page."""
    return replace(Request(address, "GET", site="same-origin", mode="cors", cookie=cookie), **more)


def keys_of(*passes: Passes) -> Any:
    return public_keys(",".join(each.public_key for each in passes))
