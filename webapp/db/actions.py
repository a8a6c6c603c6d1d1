"""What is to be recognised: actions and the takes they are learned from; and movements that are none of them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.db.base import Base, Moment, PublicId, utc_now

TAKE_SOURCES = ("webcam", "live", "upload")
NEGATIVE_SOURCES = ("everyday", "resting", "feedback")


class Action(Base):
    """An action of one person. name_key is the name as it is compared, so "Squat" and "squat" are one action.

    threshold_factor: what the learned threshold is multiplied by: set_factor, the last one set by hand (with the
    owner's bank number set_number), and on top of it the feedback since, see feedback.Tuning.
    """

    __tablename__ = "actions"
    __table_args__ = (
        UniqueConstraint("owner_id", "name_key", name="uq_actions_owner_id_name_key"),
        CheckConstraint("length(name) > 0", name="name_not_empty"),
        CheckConstraint("threshold_factor > 0 AND set_factor > 0", name="factors_positive"),
    )

    id: Mapped[PublicId]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(160))
    mirror: Mapped[bool] = mapped_column(default=False, server_default=false())
    threshold_factor: Mapped[float] = mapped_column(default=1.0, server_default="1")
    set_factor: Mapped[float] = mapped_column(default=1.0, server_default="1")
    set_number: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[Moment] = mapped_column(default=utc_now)

    takes: Mapped[list[Take]] = relationship(
        back_populates="action", cascade="all, delete-orphan", passive_deletes=True, order_by="Take.created_at"
    )


class Take(Base):
    """One recorded performance: the whole pose sequence, and which part of it is the movement.

    client_key is chosen by the browser, so that a take posted twice is stored once.
    """

    __tablename__ = "takes"
    __table_args__ = (
        UniqueConstraint("action_id", "client_key", name="uq_takes_action_id_client_key"),
        CheckConstraint("trim_start_s >= 0 AND trim_end_s > trim_start_s", name="trim_in_order"),
        CheckConstraint("duration_s > 0 AND frames > 0", name="not_empty"),
        CheckConstraint("source IN ('webcam', 'live', 'upload')", name="source_known"),
    )

    id: Mapped[PublicId]
    action_id: Mapped[str] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"))
    client_key: Mapped[str] = mapped_column(String(64))
    sequence: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    frames: Mapped[int]
    duration_s: Mapped[float]
    trim_start_s: Mapped[float]
    trim_end_s: Mapped[float]
    source: Mapped[str] = mapped_column(String(16))
    detector: Mapped[str] = mapped_column(String(64))
    pose_model: Mapped[str] = mapped_column(String(64))
    enabled: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[Moment] = mapped_column(default=utc_now)

    action: Mapped[Action] = relationship(back_populates="takes")


class Negative(Base):
    """A movement that is none of the person's actions: everyday ones, resting, or an event that was called wrong.

    client_key is chosen by the browser, so that one posted twice is stored once.
    """

    __tablename__ = "negatives"
    __table_args__ = (
        UniqueConstraint("owner_id", "client_key", name="uq_negatives_owner_id_client_key"),
        CheckConstraint("duration_s > 0 AND frames > 0", name="not_empty"),
        CheckConstraint("source IN ('everyday', 'resting', 'feedback')", name="source_known"),
    )

    id: Mapped[PublicId]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    client_key: Mapped[str] = mapped_column(String(64))
    sequence: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    frames: Mapped[int]
    duration_s: Mapped[float]
    source: Mapped[str] = mapped_column(String(16))
    detector: Mapped[str] = mapped_column(String(64))
    pose_model: Mapped[str] = mapped_column(String(64))
    enabled: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
