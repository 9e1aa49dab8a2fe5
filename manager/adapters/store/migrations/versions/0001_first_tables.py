"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "boxes",
        sa.Column("id", serial, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("project", sa.String, nullable=False),
        sa.Column("zone", sa.String, nullable=False),
        sa.Column("instance", sa.String, nullable=False),
        sa.Column("intent", sa.String, nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("start", sa.JSON),
        sa.Column("stop", sa.JSON),
        sa.Column("fault", sa.JSON),
        sa.Column("hold_until", moment),
        sa.Column("panel_at", moment),
        sa.Column("session_at", moment),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("name", name="uq_boxes_name"),
    )
    op.create_table(
        "journal",
        sa.Column("id", serial, primary_key=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("box", sa.String, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )
    op.create_index("ix_journal_box_at_id", "journal", ["box", "at", "id"])
    op.create_index("ix_journal_at", "journal", ["at"])
    op.create_table(
        "sessions",
        sa.Column("box", sa.String, primary_key=True),
        sa.Column("started_at", moment, primary_key=True),
        sa.Column("ended_at", moment),
        sa.Column("hourly", sa.String),
    )
    op.create_table(
        "revoked_tokens",
        sa.Column("token_id", sa.String, primary_key=True),
        sa.Column("expires_at", moment, nullable=False),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )
    probe = op.create_table(
        "probe",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(probe, [{"id": 1, "count": 0}])
