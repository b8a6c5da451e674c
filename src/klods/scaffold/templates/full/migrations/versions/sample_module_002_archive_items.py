"""Let items be set aside.

Revision ID: sample_module_002
Revises: sample_module_001
"""

import sqlalchemy as sa
from alembic import op

revision = "sample_module_002"
down_revision = "sample_module_001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the time an item was set aside."""
    op.add_column("sample_table_items", sa.Column("archived_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Bring every item back."""
    op.drop_column("sample_table_items", "archived_at")
