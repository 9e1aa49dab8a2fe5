"""A login, for each test anew."""

import pytest

from tests.application.front_door import House


@pytest.fixture
def house() -> House:
    return House()
