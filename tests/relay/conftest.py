"""A relay and its box, for each test anew; one certificate for all."""

from collections.abc import AsyncIterator

import pytest

from .house import Certificate, House, certificate, house


@pytest.fixture(scope="session")
def box_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls") / "box.pem")


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
