"""Brings the files of the list, one after the other, each until it is there or will not come."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gpubox_agent.models.download import RESERVE_BYTES, Download
from gpubox_agent.models.faults import Fault, Lasting, Passing
from gpubox_agent.models.part import Part
from gpubox_agent.models.report import FileReport, Report
from gpubox_agent.models.request import Token
from gpubox_agent.models.verified import Verified, hash_file
from gpubox_agent.models.wanted import Wanted, Wrong

# Attempts in a row that brought less than this are given up after the last pause; about a quarter of an hour in all.
PAUSES_S = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0)
_PROGRESS_BYTES = 1 << 20

_log = logging.getLogger(__name__)


@dataclass
class Places:
    """Where files go: `models` is base/models, `downloads` is on the same disk."""

    models: Path
    downloads: Path


class Fetcher:
    """`pause` is a sleep; `reserve` is what stays free, in bytes."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        token: Token,
        places: Places,
        report: Report,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        reserve: int = RESERVE_BYTES,
    ) -> None:
        self._session = session
        self._token = token
        self._places = places
        self._report = report
        self._pause = pause
        self._reserve = reserve
        self._verified = Verified(places.downloads / "verified.json", places.models)

    async def fetch(self, entries: list[Wanted | Wrong]) -> None:
        """All of them; the report says what became of each."""
        self._report.files = [_reported(entry) for entry in entries]
        self._report.write()
        for entry, report in zip(entries, self._report.files, strict=True):
            if isinstance(entry, Wanted):
                await self._one(entry, report)
            self._report.write()
        self._tidy(entries)

    async def _one(self, wanted: Wanted, report: FileReport) -> None:
        try:
            file = await asyncio.to_thread(self._there, wanted, report)
            if file is None:
                file = await self._until_there(wanted, report)
                await asyncio.to_thread(self._verified.remember, file, wanted.sha256)
                _log.info("%s/%s is there", wanted.folder, file.name)
            report.name, report.state, report.problem = file.name, "done", None
            report.bytes = report.size = file.stat().st_size
        except (Fault, OSError, aiohttp.ClientError, asyncio.TimeoutError) as cause:
            report.state, report.problem = "failed", in_words(cause)
            _log.warning("%s/%s: %s", report.folder, report.name, report.problem)

    def _there(self, wanted: Wanted, report: FileReport) -> Path | None:
        """The file, if it is there already and right. Raises Lasting where another one stands in its place."""
        folder = self._folder(wanted)
        if wanted.name is None:
            return self._verified.find(wanted.folder, wanted.sha256)
        file = folder / wanted.name
        if not file.exists() or self._verified.sha256_of(file) == wanted.sha256:
            return file if file.exists() else None
        report.state, report.size = "checking", file.stat().st_size
        self._report.write()
        self._right(file, wanted, lambda size: self._went_on(report, size))
        return file

    def _right(self, file: Path, wanted: Wanted, went_on: Callable[[int], None]) -> None:
        digest, _ = hash_file(file, went_on)
        if digest.hexdigest() != wanted.sha256:
            raise Lasting(f"Another file of this name is there (SHA-256 {digest.hexdigest()}); it is left as it is.")
        self._verified.remember(file, wanted.sha256)

    async def _until_there(self, wanted: Wanted, report: FileReport) -> Path:
        """Attempts, until one succeeds or a row of them brought nothing. Raises Fault or what the last one raised."""
        part = Part(self._places.downloads, wanted)
        report.state = "checking"
        await asyncio.to_thread(part.take_up, lambda size: self._went_on(report, size))
        download = Download(self._session, self._token, report, self._report.went_on, self._reserve)
        failures = 0
        while True:
            before, report.state = part.size, "running"
            self._report.write()
            try:
                name = await download.attempt(wanted, part)
                return await asyncio.to_thread(self._put, part, wanted, name)
            except (Passing, aiohttp.ClientError, asyncio.TimeoutError, ConnectionError) as cause:
                failures = 0 if part.size - before >= _PROGRESS_BYTES else failures + 1
                if failures > len(PAUSES_S):
                    raise
                report.problem = in_words(cause)
                self._report.write()
                await self._pause(_pause_after(cause, failures))

    def _put(self, part: Part, wanted: Wanted, name: str) -> Path:
        target = self._folder(wanted) / name
        try:
            part.move_to(target)
        except FileExistsError:
            self._right(target, wanted, lambda _size: self._report.went_on())
            part.discard()
        return target

    def _folder(self, wanted: Wanted) -> Path:
        return self._places.models / wanted.folder

    def _went_on(self, report: FileReport, size: int) -> None:
        report.bytes = size
        self._report.went_on()

    def _tidy(self, entries: list[Wanted | Wrong]) -> None:
        """What was begun for an entry that is no longer in the list would lie there for ever."""
        wanted = {entry.sha256 for entry in entries if isinstance(entry, Wanted)}
        for file in self._places.downloads.glob("*.part"):
            if file.stem not in wanted:
                file.unlink(missing_ok=True)
                file.with_suffix(".json").unlink(missing_ok=True)


def _reported(entry: Wanted | Wrong) -> FileReport:
    if isinstance(entry, Wrong):
        return FileReport(entry.title, entry.folder, "failed", problem=entry.problem)
    return FileReport(entry.title, entry.folder)


def _pause_after(cause: BaseException, failures: int) -> float:
    asked = cause.after_s if isinstance(cause, Passing) else None
    return asked if asked is not None else PAUSES_S[max(0, failures - 1)]


def in_words(cause: BaseException) -> str:
    """Sentences of ours as they are; of others the kind alone, because their text may hold the address."""
    if isinstance(cause, Fault):
        return str(cause)
    if isinstance(cause, asyncio.TimeoutError):
        return "The server does not go on."
    if isinstance(cause, aiohttp.ClientConnectorError):
        return f"{cause.host} cannot be reached."
    if isinstance(cause, aiohttp.ClientError):
        return "The connection broke off."
    return getattr(cause, "strerror", None) or type(cause).__name__
