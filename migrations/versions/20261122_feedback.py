"""options of actions, negatives, feedback

Revision ID: 0002
Revises: 0001
Created: 2026-11-22 11:45:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mirror", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("threshold_factor", sa.Double(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("set_factor", sa.Double(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("set_number", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_check_constraint(
            op.f("ck_actions_factors_positive"), "threshold_factor > 0 AND set_factor > 0"
        )

    op.create_table(
        "negatives",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("client_key", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.LargeBinary(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("detector", sa.String(length=64), nullable=False),
        sa.Column("pose_model", sa.String(length=64), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("duration_s > 0 AND frames > 0", name=op.f("ck_negatives_not_empty")),
        sa.CheckConstraint("source IN ('everyday', 'resting', 'feedback')", name=op.f("ck_negatives_source_known")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_negatives_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_negatives")),
        sa.UniqueConstraint("owner_id", "client_key", name="uq_negatives_owner_id_client_key"),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("client_key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=True),
        sa.Column("action_name", sa.String(length=80), nullable=True),
        sa.Column("right_name", sa.String(length=80), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("take_id", sa.String(length=32), nullable=True),
        sa.Column("negative_id", sa.String(length=32), nullable=True),
        sa.Column("applied_at", sa.DateTime(), nullable=False),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('wrong', 'missed')", name=op.f("ck_feedback_kind_known")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_feedback_event_id_events"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_feedback_owner_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("owner_id", "client_key", name="uq_feedback_owner_id_client_key"),
    )
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feedback_event_id"), ["event_id"], unique=False)
        batch_op.create_index("ix_feedback_owner_id_number", ["owner_id", "number"], unique=False)

    op.create_table(
        "tunings",
        sa.Column("feedback_id", sa.String(length=32), nullable=False),
        sa.Column("action_id", sa.String(length=32), nullable=False),
        sa.Column("bound", sa.String(length=16), nullable=False),
        sa.Column("factor", sa.Double(), nullable=False),
        sa.Column("factor_before", sa.Double(), nullable=False),
        sa.CheckConstraint("bound IN ('at_most', 'at_least')", name=op.f("ck_tunings_bound_known")),
        sa.CheckConstraint("factor > 0 AND factor_before > 0", name=op.f("ck_tunings_factors_positive")),
        sa.ForeignKeyConstraint(
            ["action_id"], ["actions.id"], name=op.f("fk_tunings_action_id_actions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name=op.f("fk_tunings_feedback_id_feedback"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feedback_id", "action_id", name=op.f("pk_tunings")),
    )
    with op.batch_alter_table("tunings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tunings_action_id"), ["action_id"], unique=False)


def downgrade() -> None:
    op.drop_table("tunings")
    op.drop_table("feedback")
    op.drop_table("negatives")
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_actions_factors_positive"), type_="check")
        batch_op.drop_column("set_number")
        batch_op.drop_column("set_factor")
        batch_op.drop_column("threshold_factor")
        batch_op.drop_column("mirror")
