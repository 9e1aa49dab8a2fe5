"""A relay and its box, for each test anew; one certificate for all."""

import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from .house import BOX_LOGGER, Certificate, House, certificate, house


@pytest.fixture(scope="session")
def box_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls") / "box.pem")


@pytest.fixture(autouse=True)
def _nothing_unexpected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whoever goes away, whatever breaks: no stack trace of the relay's."""
    yield
    errors = [each for each in caplog.get_records("call") if each.levelno >= logging.ERROR]
    assert [each.getMessage() for each in errors if each.name != BOX_LOGGER] == []


@pytest.fixture
async def let_in(box_certificate: Certificate) -> AsyncIterator[House]:
    """A browser that was let in."""
    async with house(box_certificate) as built:
        await built.enter()
        yield built


@pytest.fixture
async def stranger(box_certificate: Certificate) -> AsyncIterator[House]:
    """A browser without a cookie."""
    async with house(box_certificate) as built:
        yield built
