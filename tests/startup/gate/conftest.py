"""A gate with clocks of the test's own."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from makers import Wall, make_gate

from gpubox_agent.gate.gate import Gate


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def gate(tmp_path: Path, wall: Wall) -> Gate:
    return make_gate(tmp_path, wall)
