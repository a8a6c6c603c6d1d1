"""Jobs: work that takes longer than a request, run outside the web process. The row is the truth, not the queue."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db.base import Base, Moment, PublicId, utc_now

JOB_KINDS = ("import", "propose", "curate", "export", "train")
JOB_STATES = ("draft", "queued", "running", "succeeded", "failed", "cancelled")
"""A draft is still given its files; it is queued when the person starts it."""
ENDED = ("succeeded", "failed", "cancelled")
FINDING_KINDS = ("refused", "noted")


class Job(Base):
    """One job. parameters, result: JSON objects as text. done of total: its progress, of `step`.

    message: one sentence on how it ended. machine and pid: of the process that runs it; heartbeat_at: when that last
    said so. holder: drawn anew whenever somebody takes it. attempts: how often it was begun at the same place; a job
    whose process died is begun again where it stopped.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("kind IN ('import', 'propose', 'curate', 'export', 'train')", name="kind_known"),
        CheckConstraint(
            "state IN ('draft', 'queued', 'running', 'succeeded', 'failed', 'cancelled')", name="state_known"
        ),
        Index("ix_jobs_state_created_at", "state", "created_at"),
        Index("ix_jobs_dataset_id_created_at", "dataset_id", "created_at"),
    )

    id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(16))
    dataset_id: Mapped[str | None] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(16))
    parameters: Mapped[str] = mapped_column(Text)
    step: Mapped[str] = mapped_column(String(120), default="", server_default="")
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    total: Mapped[int | None]
    message: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    holder: Mapped[str | None] = mapped_column(String(32))
    cancel_asked: Mapped[bool] = mapped_column(default=False, server_default=false())
    machine: Mapped[str | None] = mapped_column(String(255))
    pid: Mapped[int | None]
    heartbeat_at: Mapped[Moment | None]
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
    started_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]


class JobFile(Base):
    """A file that a person hands in for a job, in pieces: received_bytes of size_bytes are on the disk."""

    __tablename__ = "job_files"
    __table_args__ = (
        UniqueConstraint("job_id", "name", name="uq_job_files_job_id_name"),
        CheckConstraint("size_bytes > 0", name="size_positive"),
        CheckConstraint("received_bytes >= 0 AND received_bytes <= size_bytes", name="received_within_size"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(512))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    received_bytes: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class JobFinding(Base):
    """What a job refused or changed of what it was given, by file, for the report."""

    __tablename__ = "job_findings"
    __table_args__ = (CheckConstraint("kind IN ('refused', 'noted')", name="kind_known"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    file_name: Mapped[str] = mapped_column(String(512))
    reason: Mapped[str] = mapped_column(Text)
