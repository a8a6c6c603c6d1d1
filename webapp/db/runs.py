"""Training runs, what each epoch of them reached, and the versions of models that came of them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.db.base import Base, Moment, PublicId, utc_now
from webapp.db.datasets import DatasetVersion
from webapp.db.jobs import Job


class TrainingRun(Base):
    """One run. Its state, process, heartbeat and how it ended stand in its job; parameters of the job: {"run_id": id}.

    version_id: the dataset as it was frozen for the run; null until that is done. settings: training.config's JSON as
    text. epoch: how many are done. best_epoch, best_pck: of the checkpoint that is kept, null before the first.
    data: JSON of what was trained on (samples, people, how it was split). metrics: JSON of the evaluation, null until
    then. usage: JSON of what it used of the machine.
    """

    __tablename__ = "training_runs"
    __table_args__ = (
        CheckConstraint("length(name) > 0", name="name_not_empty"),
        CheckConstraint("epoch >= 0", name="epoch_not_negative"),
        Index("ix_training_runs_dataset_id_created_at", "dataset_id", "created_at"),
    )

    id: Mapped[PublicId]
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    version_id: Mapped[str | None] = mapped_column(ForeignKey("dataset_versions.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(80))
    settings: Mapped[str] = mapped_column(Text)
    code_version: Mapped[str] = mapped_column(String(80))
    epoch: Mapped[int] = mapped_column(default=0, server_default="0")
    best_epoch: Mapped[int | None]
    best_pck: Mapped[float | None]
    data: Mapped[str | None] = mapped_column(Text)
    metrics: Mapped[str | None] = mapped_column(Text)
    usage: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Moment] = mapped_column(default=utc_now)

    job: Mapped[Job] = relationship(lazy="joined", innerjoin=True)
    version: Mapped[DatasetVersion | None] = relationship(lazy="joined")


class RunEpoch(Base):
    """What one epoch reached. train_, val_: losses; pck: PCK@0.2 on the validation pictures, 0..1; seconds: it took.

    data_share: of that time, what was waited for pictures, 0..1. memory_mb: the most that the process had used by then.
    """

    __tablename__ = "run_epochs"
    __table_args__ = (CheckConstraint("epoch > 0", name="epoch_positive"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("training_runs.id", ondelete="CASCADE"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    train_loss: Mapped[float]
    val_loss: Mapped[float]
    train_pck: Mapped[float]
    pck: Mapped[float]
    learning_rate: Mapped[float]
    seconds: Mapped[float]
    data_share: Mapped[float]
    memory_mb: Mapped[float]


class ModelVersion(Base):
    """One version of a trained model: an exported form of a run, installed as a pose model of the installation's own.

    pose_model: the name it is chosen by, NAME-vNUMBER, never given again. dataset, settings, metrics, code_version:
    copies, so that they are known when run and dataset are gone; settings and metrics are JSON objects as text.
    """

    __tablename__ = "model_versions"
    __table_args__ = (
        UniqueConstraint("name", "number", name="uq_model_versions_name_number"),
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("form IN ('float32', 'float16', 'dynamic', 'int8')", name="form_known"),
    )

    id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(32))
    number: Mapped[int]
    pose_model: Mapped[str] = mapped_column(String(40), unique=True)
    form: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64))
    run_id: Mapped[str | None] = mapped_column(ForeignKey("training_runs.id", ondelete="SET NULL"), index=True)
    run_name: Mapped[str] = mapped_column(String(80))
    dataset: Mapped[str] = mapped_column(String(80))
    dataset_version: Mapped[int | None]
    settings: Mapped[str] = mapped_column(Text)
    metrics: Mapped[str] = mapped_column(Text)
    code_version: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(String(200), default="", server_default="")
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    made_at: Mapped[Moment] = mapped_column(default=utc_now)
    removed_at: Mapped[Moment | None]
