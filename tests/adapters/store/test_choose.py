"""Which database a setting means."""

import traceback
from pathlib import Path

import pytest

from manager.adapters.store.choose import sql_store
from manager.domain.errors import InvalidInput


@pytest.mark.parametrize("url", [None, ""])
async def test_without_a_url_the_state_folder_holds_a_sqlite_file(tmp_path: Path, url: str | None) -> None:
    store = sql_store(tmp_path / "state", url)
    await store.open()
    await store.close()
    assert {path.name for path in (tmp_path / "state").iterdir()} == {"gpubox.sqlite3"}


async def test_a_sqlite_url_names_another_file(tmp_path: Path) -> None:
    store = sql_store(tmp_path / "state", f"sqlite:///{tmp_path}/else where?.db")
    await store.open()
    await store.ping()
    await store.close()
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://root:hidden@db/gpubox", "scheme"),
        ("hidden", "unreadable"),
        ("postgresql://gpubox:hidden@db:port/gpubox", "unreadable"),
        ("sqlite://", "path"),
        ("sqlite:///:memory:", "path"),
    ],
)
def test_a_url_of_another_kind_is_refused_without_quoting_it(tmp_path: Path, url: str | None, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        sql_store(tmp_path, url)
    assert caught.value.data == {"field": "DATABASE_URL", "problem": problem}
    assert "hidden" not in "".join(traceback.format_exception(caught.value))
