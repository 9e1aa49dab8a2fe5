"""Serial port 1: a ring of 1 MB on disk, so that it outlives the cloud's process.

A run's output lies in one file named by the offset of its first byte. When the file has grown to twice the ring,
its tail goes to a new file with a higher name, and the old one is removed.
"""

import shutil
from pathlib import Path

RING_BYTES = 1024 * 1024


def _folder(state_dir: Path, instance_id: str) -> Path:
    return state_dir / "serial" / instance_id


def _file(folder: Path) -> Path | None:
    return max(folder.glob("*.log"), key=lambda path: int(path.stem), default=None)


def serial_of(state_dir: Path, instance_id: str, wanted: int) -> tuple[int, bytes]:
    """Answer what there is from offset `wanted` on, as (offset of the first byte, bytes); at most 1 MB.

    A negative offset counts from the end.
    """
    file = _file(_folder(state_dir, instance_id))
    if file is None:
        return 0, b""
    content = file.read_bytes()
    end = int(file.stem) + len(content)
    wanted = wanted if wanted >= 0 else end + wanted
    start = min(max(wanted, int(file.stem), end - RING_BYTES), end)
    return start, content[start - int(file.stem) :]


class SerialPort:
    """Where a machine writes its console to."""

    def __init__(self, state_dir: Path, instance_id: str) -> None:
        """Write for the instance of that id."""
        self._folder = _folder(state_dir, instance_id)

    def clear(self) -> None:
        """Begin a new run: the output of the last one is gone, as on Compute Engine."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = _file(self._folder) or self._folder / "0.log"
        with file.open("ab") as stream:
            stream.write(data)
            size = stream.tell()
        if size > 2 * RING_BYTES:
            self._shorten(file, size)

    def line(self, text: str) -> None:
        """Append a line."""
        self.write(text.encode() + b"\r\n")

    def _shorten(self, file: Path, size: int) -> None:
        tail = file.read_bytes()[-RING_BYTES:]
        fresh = file.with_name("next")
        fresh.write_bytes(tail)
        fresh.rename(file.with_name(f"{int(file.stem) + size - len(tail)}.log"))
        file.unlink()
