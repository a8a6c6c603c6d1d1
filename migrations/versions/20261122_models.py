"""which models are used, and how fast they are

Revision ID: 0003
Revises: 0002
Created: 2026-11-22 15:05:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_choices",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("detector", sa.String(length=64), nullable=True),
        sa.Column("pose_model", sa.String(length=64), nullable=True),
        sa.Column("previous_number", sa.Integer(), nullable=True),
        sa.Column("rolled_back", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("chosen_by", sa.Integer(), nullable=True),
        sa.Column("chosen_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_model_choices_number_positive")),
        sa.CheckConstraint(
            "(detector IS NULL) = (pose_model IS NULL)", name=op.f("ck_model_choices_both_or_none")
        ),
        sa.ForeignKeyConstraint(
            ["previous_number"], ["model_choices.number"], name=op.f("fk_model_choices_previous_number_model_choices")
        ),
        sa.ForeignKeyConstraint(
            ["chosen_by"], ["users.id"], name=op.f("fk_model_choices_chosen_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_model_choices")),
    )
    op.create_table(
        "model_speeds",
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("runtime", sa.String(length=32), nullable=False),
        sa.Column("ms", sa.Double(), nullable=False),
        sa.Column("machine", sa.String(length=255), nullable=False),
        sa.Column("threads", sa.Integer(), nullable=False),
        sa.Column("measured_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("role IN ('detector', 'pose')", name=op.f("ck_model_speeds_role_known")),
        sa.CheckConstraint("ms > 0", name=op.f("ck_model_speeds_ms_positive")),
        sa.PrimaryKeyConstraint("role", "name", "runtime", name=op.f("pk_model_speeds")),
    )


def downgrade() -> None:
    op.drop_table("model_speeds")
    op.drop_table("model_choices")
