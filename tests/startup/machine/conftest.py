"""What the tests of this folder share."""

from pathlib import Path

import pytest

from tests.support.provisioned import first_boot


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disks of a box whose first boot ended ready, for `used_box`; made once."""
    return first_boot(tmp_path_factory.mktemp("finished"))
