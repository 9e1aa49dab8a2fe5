"""The part of a file that has come so far, and what it is a part of. It outlives the program and the boot."""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gpubox_agent.files import read_json, write_json
from gpubox_agent.models.verified import hash_file
from gpubox_agent.models.wanted import Wanted


class Part:
    """`SHA256.part` holds the bytes, and `SHA256.json` the validator that the server gave them.

    A hash over all that is there goes with it, so that a finished file need not be read again.
    """

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self.file = folder / f"{wanted.sha256}.part"
        self._about = folder / f"{wanted.sha256}.json"
        self.validator: str | None = None
        self.size = 0
        self._hash, _ = hash_file(Path(os.devnull), lambda _size: None)

    def take_up(self, went_on: Callable[[int], None]) -> None:
        """Go on from what is there; its hash is that of the bytes as they are now. Raises OSError."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        if not self.file.is_file() or self.file.is_symlink():
            self.start_anew()
            return
        self._hash, self.size = hash_file(self.file, went_on)
        told = (read_json(self._about) or {}).get("validator")
        self.validator = told if isinstance(told, str) else None

    def start_anew(self) -> None:
        """Throw away what is there. Raises OSError."""
        self.discard()
        self._hash, self.size = hash_file(Path(os.devnull), lambda _size: None)

    def belongs_to(self, validator: str | None) -> None:
        """The server's name for this version of the file: what is added later has to be of the same."""
        if validator != self.validator:
            self.validator = validator
            with contextlib.suppress(OSError):
                write_json(self._about, {"validator": validator})

    def add(self, chunk: bytes, opened: BinaryIO) -> None:
        """These bytes follow; `opened` appends, unbuffered. Raises OSError."""
        view = memoryview(chunk)
        while view:
            view = view[opened.write(view) :]
        self._hash.update(chunk)
        self.size += len(chunk)

    def sha256(self) -> str:
        """Of what is there."""
        return self._hash.hexdigest()

    def move_to(self, target: Path) -> None:
        """Into place, as a whole, and never over another file. Raises OSError, FileExistsError among them."""
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self.file
        if os.stat(source).st_dev != os.stat(target.parent).st_dev:  # noqa: PTH116 - two of a kind
            # models/ may be spread over disks by links: there a copy is made first.
            source = target.parent / f".{self.file.name}"
            shutil.copyfile(self.file, source)
        _sync(source)
        os.chmod(source, 0o644)  # noqa: PTH101 - likewise
        os.link(source, target)
        source.unlink()
        _sync(target.parent)
        self.discard()

    def discard(self) -> None:
        """Nothing of it stays. Raises OSError."""
        self.validator, self.size = None, 0
        for path in (self.file, self._about):
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
