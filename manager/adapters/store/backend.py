"""What differs between the databases, and the words for what can go wrong with them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Executable, Table

# An execution option: the transaction is going to write.
WRITES = "gpubox_writes"


class Trouble(StrEnum):
    """The `kind` of a StoreUnavailable."""

    LOCKED = "locked"
    READ_ONLY = "read_only"
    FULL = "full"
    DAMAGED = "damaged"
    UNREACHABLE = "unreachable"
    NEWER = "newer"
    REFUSED = "refused"
    IN_USE = "in_use"


class Leadership(Protocol):
    """The right to steer the boxes, which one process has at a time and loses when it dies."""

    def acquire(self) -> bool:
        """Take it or keep it; whether it was taken by this call. Raises StoreUnavailable (kind: in_use)."""
        ...

    def release(self) -> None:
        """Give it back; harmless where it is not held."""
        ...


class Backend(Protocol):
    """One kind of database at one place."""

    @property
    def workers(self) -> int:
        """How many calls may run side by side."""
        ...

    @property
    def driver_error(self) -> type[Exception]:
        """The root of what the driver raises."""
        ...

    @property
    def leadership(self) -> Leadership:
        """One manager at a time."""
        ...

    def prepare(self) -> None:
        """Make what has to be there before the first connection. Raises OSError."""
        ...

    def engine(self) -> Engine:
        """An engine that is not connected yet."""
        ...

    def lock_schema(self, connection: Connection) -> None:
        """Inside a writing transaction: no other process changes the schema until it ends."""
        ...

    def upsert(self, table: Table, row: Mapping[str, Any], key: Sequence[str]) -> Executable:
        """Insert the row, or update the one with the same key."""
        ...

    def diagnose(self, error: BaseException) -> tuple[Trouble, str]:
        """The driver's error as a kind and short words without secrets."""
        ...
