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
    there = _existing(folder)
    if not there.is_dir():
        return wrong("state folder", "no_folder", folder=there)
    if not os.access(there, os.W_OK | os.X_OK):
        return wrong("state folder", "not_writable", folder=there)
    if there != folder.absolute():
        return good("state folder", "to_come", folder=folder)
    secret = folder / "jwt-secret"
    if secret.exists() and secret.stat().st_mode & 0o077:
        return wrong("state folder", "readable", name=secret.name, folder=folder, path=secret)
    return good("state folder", "well", folder=folder)


async def _database(settings: Settings) -> Finding:
    if settings.database_url is None and not (settings.state_dir / FILE_NAME).exists():
        return skipped("database", "to_come")
    try:
        async with store_of(settings) as store:
            await store.ping()
            count = len(await store.boxes())
    except GpuboxError as error:
        return failed("database", error)
    return good("database", "well_one" if count == 1 else "well", count=count)


def free_space(left: float) -> Finding:
    """Whether there is room to write."""
    gb = f"{left / _GB:.1f}"
    if left < _TOO_LITTLE:
        return wrong("free space", "too_little", gb=gb)
    return note("free space", "little", gb=gb) if left < _LITTLE else good("free space", "well", gb=gb)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
