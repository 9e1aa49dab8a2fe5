"""Leadership by a locked file; the kernel takes the lock away from a process that dies."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from manager.adapters.store.backend import Trouble
from manager.domain.errors import StoreUnavailable


class FileLeadership:
    """A lock on a file of its own beside the database. The file holds the leader's process id, for people."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False where it is held already. Raises OSError, or StoreUnavailable (kind: in_use)."""
        if self._fd is not None:
            return False
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
            os.close(fd)
            raise StoreUnavailable(
                kind=Trouble.IN_USE.value, detail=f"process {holder or 'unknown'} holds {self._path.name}"
            ) from None
        except BaseException:
            os.close(fd)
            raise
        # A full disk keeps the id from being written, not the lock from being held.
        with suppress(OSError):
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode("ascii"), 0)
        self._fd = fd
        return True

    def release(self) -> None:
        """Let go. The file stays: removing it could take a lock from under the next process."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
