"""Turns what a driver, the pool or the file system raises into one StoreUnavailable."""

import errno

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from manager.adapters.store.backend import Backend, Trouble
from manager.domain.errors import StoreUnavailable

_ERRNOS = {
    errno.ENOSPC: Trouble.FULL,
    errno.EDQUOT: Trouble.FULL,
    errno.EFBIG: Trouble.FULL,
    errno.EROFS: Trouble.READ_ONLY,
    errno.EACCES: Trouble.READ_ONLY,
    errno.EPERM: Trouble.READ_ONLY,
}


def store_unavailable(error: Exception, backend: Backend) -> StoreUnavailable:
    """The failure in our words. Data: kind (see `Trouble`), detail (the driver's own words, never a secret)."""
    if isinstance(error, DBAPIError):
        # Where the driver's error is known, SQLAlchemy's wrapping (statement, link to its manual) says nothing new.
        kind, detail = backend.diagnose(error.orig or error)
    elif isinstance(error, PoolTimeout):
        kind, detail = Trouble.UNREACHABLE, "all connections are busy"
    elif isinstance(error, OSError):
        kind = _ERRNOS.get(error.errno or 0, Trouble.REFUSED)
        detail = ": ".join(str(part) for part in (error.strerror, error.filename) if part)
    else:
        kind, detail = backend.diagnose(error)
    return StoreUnavailable(kind=kind.value, detail=detail)
