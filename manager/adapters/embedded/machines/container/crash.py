"""A power cut for file systems: what the kernel has not written to the disk yet is never written."""

import contextlib
import fcntl
import os
import struct
from pathlib import Path

# linux/fs.h and fs/ext4/ext4.h: _IOR('X', 125, __u32). With NOLOGFLUSH not even the journal is written.
_SHUTDOWN = 0x8004587D
_NOLOGFLUSH = struct.pack("I", 2)
_LOOP_MAJOR = 7


def shut_down_file_systems(init: int) -> None:
    """Stop all writing to the loop devices that are mounted in the namespace of process `init` (ext4 and XFS)."""
    for mount_point in _mounted_loops(init):
        path = Path(f"/proc/{init}/root{mount_point}")
        with contextlib.suppress(OSError):
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                # Looked at once more through the open folder: never another file system than the box's own.
                if os.major(os.fstat(fd).st_dev) == _LOOP_MAJOR:
                    fcntl.ioctl(fd, _SHUTDOWN, _NOLOGFLUSH)
            finally:
                os.close(fd)


def _mounted_loops(init: int) -> list[str]:
    try:
        lines = Path(f"/proc/{init}/mountinfo").read_text().splitlines()
    except OSError:
        return []
    return [words[4] for words in (line.split() for line in lines) if words[2].startswith(f"{_LOOP_MAJOR}:")]
