"""What people said of recognitions, and what it changed."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.db.actions import Action
from webapp.db.base import Base, Moment, PublicId, utc_now

FEEDBACK_KINDS = ("wrong", "missed")


class Feedback(Base):
    """One feedback that was applied: "that was wrong" or "you missed one".

    action_name: for "wrong", what it had been taken for; right_name: what it really was, None for nothing of theirs.
    number: the owner's bank number it made, so it orders feedback and what is set by hand. take_id, negative_id: what
    was added; it may have been deleted since. undone_at: when it was taken back.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("owner_id", "client_key", name="uq_feedback_owner_id_client_key"),
        CheckConstraint("kind IN ('wrong', 'missed')", name="kind_known"),
        Index("ix_feedback_owner_id_number", "owner_id", "number"),
    )

    id: Mapped[PublicId]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    client_key: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    event_id: Mapped[str | None] = mapped_column(ForeignKey("events.id", ondelete="SET NULL"), index=True)
    action_name: Mapped[str | None] = mapped_column(String(80))
    right_name: Mapped[str | None] = mapped_column(String(80))
    number: Mapped[int]
    take_id: Mapped[str | None] = mapped_column(String(32))
    negative_id: Mapped[str | None] = mapped_column(String(32))
    applied_at: Mapped[Moment] = mapped_column(default=utc_now)
    undone_at: Mapped[Moment | None]

    tunings: Mapped[list[Tuning]] = relationship(
        back_populates="feedback", cascade="all, delete-orphan", passive_deletes=True, lazy="selectin"
    )


class Tuning(Base):
    """What a feedback asks of one action's threshold_factor: to be at most, or at least, `factor`."""

    __tablename__ = "tunings"
    __table_args__ = (
        CheckConstraint("bound IN ('at_most', 'at_least')", name="bound_known"),
        CheckConstraint("factor > 0 AND factor_before > 0", name="factors_positive"),
    )

    feedback_id: Mapped[str] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True)
    action_id: Mapped[str] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True, index=True)
    bound: Mapped[str] = mapped_column(String(16))
    factor: Mapped[float]
    factor_before: Mapped[float]

    feedback: Mapped[Feedback] = relationship(back_populates="tunings")
    action: Mapped[Action] = relationship()
