"""Who is let in, from where the box sees the manager, and which ComfyUI was asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty."""
    op.add_column("boxes", sa.Column("allowances", sa.JSON))
    op.add_column("boxes", sa.Column("manager_address", sa.String))
    op.add_column("boxes", sa.Column("comfyui_ref", sa.String))
