"""Static files: a version in each address, cached for ever by browsers, compressed once."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

_COMPRESSED = (".css", ".js", ".svg", ".json", ".txt", ".html", ".webmanifest")
_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".woff2": "font/woff2"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, ready to be sent. `version` is the beginning of its content's SHA-256."""

    stamp: tuple[int, int]
    version: str
    media_type: str
    body: bytes
    gzipped: bytes | None


class Assets:
    """The files below one folder. A file that changes on disk gets a new version, so nothing has to be restarted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._kept: dict[str, Asset] = {}

    def url(self, name: str) -> str:
        """The address to use in pages. A file that is missing has no version, and a test will find it."""
        asset = self.get(name)
        return f"/static/{name}?v={asset.version}" if asset else f"/static/{name}"

    def get(self, name: str) -> Asset | None:
        """The file of this name, relative to the folder; None for anything outside it."""
        try:
            path = (self._folder / name).resolve()
            if not path.is_relative_to(self._folder) or not path.is_file():
                return None
            stat = path.stat()
        except (OSError, ValueError):  # a name that no file can have
            return None
        stamp = (stat.st_mtime_ns, stat.st_size)
        kept = self._kept.get(name)
        if kept is None or kept.stamp != stamp:
            kept = self._kept[name] = _load(path, stamp)
        return kept


def _load(path: Path, stamp: tuple[int, int]) -> Asset:
    body = path.read_bytes()
    suffix = path.suffix.lower()
    media_type = _TYPES.get(suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    gzipped = gzip.compress(body, 9, mtime=0) if suffix in _COMPRESSED else None
    if gzipped and len(gzipped) >= len(body):
        gzipped = None
    return Asset(stamp, hashlib.sha256(body).hexdigest()[:12], media_type, body, gzipped)
