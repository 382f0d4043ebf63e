"""What groups agreed on: turn order, seats, deadlines, votes, roles, codes to join by."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "groups",
        sa.Column("story", _ID, nullable=False),
        sa.Column("code", sa.Text, nullable=True),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("story", name="pk_groups"),
        sa.ForeignKeyConstraint(
            ["story"], ["stories.id"], name="fk_groups_story", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("code", name="uq_groups_code"),
    )
    op.create_index("ix_groups_due", "groups", ["due"])


def downgrade() -> None:
    op.drop_table("groups")
