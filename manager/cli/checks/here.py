"""On this computer: the state folder, the database, free space."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from manager.adapters.store.choose import FILE_NAME
from manager.cli.checks.finding import Finding, failed, good, note, skipped, wrong
from manager.cli.reach import store_of
from manager.domain.errors import GpuboxError
from manager.settings import Settings

_GB = 1_000_000_000
_TOO_LITTLE, _LITTLE = 0.2 * _GB, 1 * _GB


async def look(settings: Settings) -> AsyncIterator[Finding]:
    """All of it."""
    yield state_folder(settings.state_dir)
    yield await _database(settings)
    yield free_space(shutil.disk_usage(_existing(settings.state_dir)).free)


def state_folder(folder: Path) -> Finding:
    """Whether the program can keep anything there."""
    check, there = "state folder", _existing(folder)
    if not there.is_dir():
        return wrong(check, f"{there} is no folder.", "Set STATE_DIR to a folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        return wrong(check, f"{there} cannot be written by this user.", f"Run: sudo chown $USER {there}")
    if there != folder.absolute():
        return good(check, f"{folder} will be made at the first start.")
    if loose := [path.name for path in folder.glob("jwt-secret") if path.stat().st_mode & 0o077]:
        return wrong(check, f"{loose[0]} in {folder} can be read by others.", f"Run: chmod 600 {folder / loose[0]}")
    return good(check, f"{folder} can be written.")


async def _database(settings: Settings) -> Finding:
    check = "database"
    if settings.database_url is None and not (settings.state_dir / FILE_NAME).exists():
        return skipped(check, "It will be made at the first start.")
    try:
        async with store_of(settings) as store:
            await store.ping()
            count = len(await store.boxes())
    except GpuboxError as error:
        return failed(check, error)
    return good(check, f"It can be read and written; {count} box{'' if count == 1 else 'es'} in it.")


def free_space(left: float) -> Finding:
    """Whether there is room to write."""
    check, said = "free space", f"{left / _GB:.1f} GB are free."
    if left < _TOO_LITTLE:
        return wrong(check, said, "Make room on the disk of STATE_DIR, or the database cannot be written.")
    return note(check, said, "Make room on the disk of STATE_DIR soon.") if left < _LITTLE else good(check, said)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
