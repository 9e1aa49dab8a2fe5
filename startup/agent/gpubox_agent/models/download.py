"""One attempt at one file: ask for what is missing, write and hash it as it comes, and look at it as a whole."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gpubox_agent.models.faults import Lasting, Passing, size_in_words
from gpubox_agent.models.names import file_name
from gpubox_agent.models.part import Part
from gpubox_agent.models.report import FileReport
from gpubox_agent.models.request import Token, ask, validator_of, whole_size
from gpubox_agent.models.wanted import Wanted

# What stays free for pictures and for ComfyUI itself.
RESERVE_BYTES = 2_000_000_000
_CHUNK = 1 << 20
_LOOK_AT_ROOM_EVERY = 256 << 20


@dataclass
class Download:
    """What an attempt works with. `went_on` hears of every change of `report`."""

    session: aiohttp.ClientSession
    token: Token
    report: FileReport
    went_on: Callable[[], None]
    reserve: int = RESERVE_BYTES

    async def attempt(self, wanted: Wanted, part: Part) -> str:
        """Bring `part` to its end; gives the file's name. Raises Fault, OSError, and what aiohttp raises."""
        resumed = part.size > 0
        answer = await ask(self.session, wanted.url, part, self.token)
        try:
            name = file_name(wanted, answer.headers.get("Content-Disposition"), str(answer.url))
            self.report.name = name
            await self._take(answer, part)
        finally:
            answer.close()
        if part.sha256() != wanted.sha256:
            self._throw_away(part, wanted, resumed=resumed)
        return name

    async def _take(self, answer: aiohttp.ClientResponse, part: Part) -> None:
        begins, size = whole_size(answer)
        if answer.status == 416:  # noqa: PLR2004 - nothing is missing, or the file is shorter than what is here
            if size is not None and size != part.size:
                part.start_anew()
                raise Passing("The file on the server has changed.")
            return
        if begins != part.size:
            # All of it, because it has changed or the server knows no parts; or a part that was not asked for.
            part.start_anew()
            if begins != 0:
                raise Passing("The server sent another part than it was asked for.")
        part.belongs_to(validator_of(answer))
        self._note(part.size, size)
        self._check_room(part, size)
        await self._write(answer, part, size)

    async def _write(self, answer: aiohttp.ClientResponse, part: Part, size: int | None) -> None:
        looked_at = part.size
        with part.file.open("ab", buffering=0) as opened:
            async for chunk in answer.content.iter_chunked(_CHUNK):
                part.add(chunk, opened)
                self._note(part.size, size)
                if part.size - looked_at >= _LOOK_AT_ROOM_EVERY:
                    looked_at = part.size
                    self._check_room(part, size)
        if size is not None and part.size < size:
            raise Passing("The connection broke off.")

    def _note(self, count: int, size: int | None) -> None:
        self.report.bytes, self.report.size = count, size
        self.went_on()

    def _check_room(self, part: Part, size: int | None) -> None:
        needed = (size - part.size if size is not None else 0) + self.reserve
        free = free_bytes(part.file.parent)
        if needed > free:
            raise Lasting(
                f"There is not enough room: {size_in_words(needed)} are needed, {size_in_words(self.reserve)} of it "
                f"for other work, and {size_in_words(free)} are free."
            )

    def _throw_away(self, part: Part, wanted: Wanted, *, resumed: bool) -> None:
        """Of two halves that do not fit together nobody knows which is wrong: the whole is asked for once more."""
        found = part.sha256()
        part.start_anew()
        if resumed:
            raise Passing("The parts do not fit together; fetching the whole again.")
        raise Lasting(f"The file's SHA-256 is {found}, and the list says {wanted.sha256}.")


def free_bytes(folder: Path) -> int:
    """What may be written there."""
    return shutil.disk_usage(folder).free
