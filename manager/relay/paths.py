"""Which paths are the relay's own. What is passed on is never changed, only looked at."""

from urllib.parse import unquote_to_bytes

OWN_FOLDER = "/_gpubox/"

_OWN = b"_gpubox"
# A server behind may decode once more than the one before it.
_DECODED_AT_MOST = 3


def is_own(target: str) -> bool:
    """Whether a request target (path and query, as sent) leads into the relay's own folder, however it is written.

    Decoding, doubled slashes and dots are undone by servers in different ways; so no part of a path may be that
    name in any of its readings.
    """
    path = target.partition("?")[0].encode("utf-8", "surrogateescape")
    for _ in range(_DECODED_AT_MOST):
        if any(part.partition(b";")[0] == _OWN for part in path.replace(b"\\", b"/").split(b"/")):
            return True
        path = unquote_to_bytes(path)
    return False
