"""What the box is provisioned with: `startup/` packed into metadata, so that no bucket is needed.

Google allows 256 KiB a metadata value and 512 KB in all. The same files give the same bytes, so that a box whose
metadata fits is left alone.
"""

import base64
import hashlib
import io
import lzma
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SCRIPT = "startup.sh"
_LEFT_OUT = ("__pycache__", ".pyc", ".bats")
VALUE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    """The bootstrap script, the packed rest in base64, and the SHA-256 of the packed bytes, in hexadecimal."""

    script: str
    packed: str
    sha256: str


@cache
def pack(startup: Path) -> Bundle:
    """Pack this folder; raises OSError where it cannot be read and ValueError where it has outgrown metadata."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(startup.rglob("*")):
            name = path.relative_to(startup).as_posix()
            if path.is_file() and name != SCRIPT and not any(part in name for part in _LEFT_OUT):
                tar.addfile(_described(path, name), io.BytesIO(path.read_bytes()))
    packed = lzma.compress(raw.getvalue(), preset=9 | lzma.PRESET_EXTREME)
    text = base64.b64encode(packed).decode()
    if len(text) > VALUE_BYTES:
        raise ValueError(f"{startup} packs to {len(text)} bytes, and a metadata value holds {VALUE_BYTES}")
    return Bundle((startup / SCRIPT).read_text(encoding="utf-8"), text, hashlib.sha256(packed).hexdigest())


def _described(path: Path, name: str) -> tarfile.TarInfo:
    """Neither owners nor moments: they differ from one checkout to the next."""
    info = tarfile.TarInfo(name)
    info.size = path.stat().st_size
    info.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
    return info
