"""The application around in-memory boxes, for each test anew."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support import House, build


@pytest.fixture
def house() -> House:
    return build()
