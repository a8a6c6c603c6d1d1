"""What was recognised."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.db.accounts import User
from webapp.db.base import Base, Moment, PublicId


class Event(Base):
    """An action recognised, from start to end, with the poses that were seen; never a picture.

    started_at, ended_at: wall clock. start_s, end_s: the session's own clock. The action may be deleted later;
    the event keeps its name. event_key is the worker's, so that an event sent twice is stored once.
    """

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("end_s >= start_s", name="span_in_order"),
        CheckConstraint("ended_at >= started_at", name="wall_clock_in_order"),
        CheckConstraint("confidence >= 0 AND confidence <= 1", name="confidence_is_a_share"),
        Index("ix_events_user_id_started_at", "user_id", "started_at"),
    )

    id: Mapped[PublicId]
    event_key: Mapped[str] = mapped_column(String(128), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    action_id: Mapped[str | None] = mapped_column(ForeignKey("actions.id", ondelete="SET NULL"), index=True)
    action_name: Mapped[str] = mapped_column(String(80))
    take_id: Mapped[str | None] = mapped_column(String(32))
    person_id: Mapped[int]
    session_id: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[Moment] = mapped_column(index=True)
    ended_at: Mapped[Moment]
    start_s: Mapped[float]
    end_s: Mapped[float]
    distance: Mapped[float]
    threshold: Mapped[float]
    confidence: Mapped[float]
    detector: Mapped[str] = mapped_column(String(64))
    pose_model: Mapped[str] = mapped_column(String(64))
    sequence: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)

    user: Mapped[User] = relationship()

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s
