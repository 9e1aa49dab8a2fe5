"""The tables. A change here needs a migration beside it; a test compares the two."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
)

from manager.adapters.store.values import utc


class Moment(TypeDecorator[datetime]):
    """An aware moment in UTC. SQLite keeps no time zone, so it is taken off there and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the domain to the driver."""
        if value is None:
            return None
        moment = utc(value)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the driver to the domain."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An exact decimal, kept as text: SQLite's own numbers are binary."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """From the domain to the driver."""
        del dialect
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """From the driver to the domain."""
        del dialect
        return None if value is None else Decimal(value)


METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _serial() -> Column[int]:
    # SQLite counts up only in a column that is an INTEGER by name.
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def _structure(name: str, *, nullable: bool = True) -> Column[Any]:
    return Column(name, JSON(none_as_null=True), nullable=nullable)


BOXES = Table(
    "boxes",
    METADATA,
    _serial(),
    Column("name", String, nullable=False, unique=True),
    Column("project", String, nullable=False),
    Column("zone", String, nullable=False),
    Column("instance", String, nullable=False),
    Column("intent", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("since", Moment, nullable=False),
    _structure("start"),
    _structure("stop"),
    _structure("fault"),
    Column("hold_until", Moment),
    Column("panel_at", Moment),
    Column("session_at", Moment),
    Column("version", BigInteger, nullable=False),
    _structure("allowances"),
    Column("manager_address", String),
    Column("comfyui_ref", String),
)

JOURNAL = Table(
    "journal",
    METADATA,
    _serial(),
    Column("at", Moment, nullable=False),
    Column("box", String, nullable=False),
    Column("code", String, nullable=False),
    _structure("data", nullable=False),
    Index(None, "box", "at", "id"),
    Index(None, "at"),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("box", String, primary_key=True),
    Column("started_at", Moment, primary_key=True),
    Column("ended_at", Moment),
    Column("hourly", Money),
)

REVOKED_TOKENS = Table(
    "revoked_tokens",
    METADATA,
    Column("token_id", String, primary_key=True),
    Column("expires_at", Moment, nullable=False),
)

SECRETS = Table(
    "secrets",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

# One row, written to find out whether writing works.
PROBE = Table(
    "probe",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
)
