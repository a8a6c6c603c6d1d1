"""Which models the installation uses, who chose them, and how fast each was when it was last measured."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db.base import Base, Moment, utc_now


class StoredChoice(Base):
    """One choice of detector and pose model; the one with the highest number is active.

    Both names are null where it says "what the settings name". previous_number: the choice that going back from this
    one leads to, null for the settings; so going back twice leads further back. rolled_back: made by going back.
    """

    __tablename__ = "model_choices"
    __table_args__ = (
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("(detector IS NULL) = (pose_model IS NULL)", name="both_or_none"),
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    detector: Mapped[str | None] = mapped_column(String(64))
    pose_model: Mapped[str | None] = mapped_column(String(64))
    previous_number: Mapped[int | None] = mapped_column(ForeignKey("model_choices.number"))
    rolled_back: Mapped[bool] = mapped_column(default=False, server_default=false())
    chosen_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    chosen_at: Mapped[Moment] = mapped_column(default=utc_now)


class ModelSpeed(Base):
    """Median milliseconds of one model on one runtime, and the machine (a worker's) that it was measured on."""

    __tablename__ = "model_speeds"
    __table_args__ = (
        CheckConstraint("role IN ('detector', 'pose')", name="role_known"),
        CheckConstraint("ms > 0", name="ms_positive"),
    )

    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    runtime: Mapped[str] = mapped_column(String(32), primary_key=True)
    ms: Mapped[float]
    machine: Mapped[str] = mapped_column(String(255))
    threads: Mapped[int]
    measured_at: Mapped[Moment] = mapped_column(default=utc_now)
