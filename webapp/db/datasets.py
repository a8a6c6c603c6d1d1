"""Labelled keypoint datasets: pictures, the people in them, what each was labelled with, and frozen versions."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.db import jobs  # noqa: F401  # pictures name the job that brought them, so its table must be known
from webapp.db.base import Base, Moment, PublicId, utc_now

MEMBER_ROLES = ("viewer", "labeller", "editor")
"""Lowest first. A viewer looks, a labeller labels, an editor also collects, imports, exports and makes versions."""
PICTURE_SOURCES = ("webcam", "video", "images", "coco", "cvat", "yolo", "npz", "csv")
SAMPLE_STATES = ("unlabelled", "proposed", "reviewed", "excluded")
"""No label yet; proposed by a teacher; seen and accepted by a person; of no use for training."""
LABEL_ORIGINS = ("hand", "teacher", "import", "restore")


class Dataset(Base):
    """One skeleton, and pictures of people labelled with it. skeleton: skeleton_json as text; it never changes.

    change_number rises with every change of what is in it, so that what was worked out of it can be kept.
    """

    __tablename__ = "datasets"
    __table_args__ = (
        UniqueConstraint("owner_id", "name_key", name="uq_datasets_owner_id_name_key"),
        CheckConstraint("length(name) > 0", name="name_not_empty"),
        CheckConstraint("change_number >= 0", name="change_number_not_negative"),
    )

    id: Mapped[PublicId]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(160))
    skeleton: Mapped[str] = mapped_column(Text)
    change_number: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[Moment] = mapped_column(default=utc_now)


class DatasetMember(Base):
    """An account that the owner shares a dataset with."""

    __tablename__ = "dataset_members"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'labeller', 'editor')", name="role_known"),)

    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(16))


class PicturedPerson(Base):
    """Somebody who is in pictures of one owner's datasets. Deleting them deletes every picture that shows them.

    consent: the sentence that was agreed to, consented_at when; null for people who came with an import.
    """

    __tablename__ = "pictured_people"
    __table_args__ = (
        UniqueConstraint("owner_id", "name_key", name="uq_pictured_people_owner_id_name_key"),
        CheckConstraint("length(name) > 0", name="name_not_empty"),
        CheckConstraint("(consent IS NULL) = (consented_at IS NULL)", name="consent_whole"),
    )

    id: Mapped[PublicId]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(160))
    consent: Mapped[str | None] = mapped_column(Text)
    consented_at: Mapped[Moment | None]
    created_at: Mapped[Moment] = mapped_column(default=utc_now)


class Picture(Base):
    """One picture of a dataset. The file lies in the picture store under sha256, once for all datasets.

    original_sha256: of the file as it came, so that the same file again is known before it is decoded. file_name: as
    it came, within its folder or archive. session: which recording or import it is of. dhash: 64 bits that are nearly
    the same for pictures that look the same, as a signed number. extra: JSON object of what an exchange format said.
    """

    __tablename__ = "pictures"
    __table_args__ = (
        UniqueConstraint("dataset_id", "sha256", name="uq_pictures_dataset_id_sha256"),
        CheckConstraint("width_px > 0 AND height_px > 0", name="size_positive"),
        CheckConstraint(
            "source IN ('webcam', 'video', 'images', 'coco', 'cvat', 'yolo', 'npz', 'csv')", name="source_known"
        ),
        Index("ix_pictures_dataset_id_original_sha256", "dataset_id", "original_sha256"),
        # with all that the grid filters pictures by, so that their rows are not read
        Index("ix_pictures_dataset_id_source", "dataset_id", "source", "session", "file_name", "id"),
    )

    id: Mapped[PublicId]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    original_sha256: Mapped[str] = mapped_column(String(64))
    suffix: Mapped[str] = mapped_column(String(8))
    size_bytes: Mapped[int]
    file_name: Mapped[str] = mapped_column(String(512))
    width_px: Mapped[int]
    height_px: Mapped[int]
    source: Mapped[str] = mapped_column(String(16))
    session: Mapped[str] = mapped_column(String(80))
    frame_number: Mapped[int | None]
    dhash: Mapped[int] = mapped_column(BigInteger)
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    extra: Mapped[str] = mapped_column(Text, default="{}", server_default="{}", deferred=True)
    added_at: Mapped[Moment] = mapped_column(default=utc_now)


class Sample(Base):
    """One person in one picture: what is labelled, looked at in the grid, and trained on.

    position: rises within the dataset in the order of coming, and never changes. box: of the person in pixels of the
    picture. revision: of the label that counts, 0 while there is none. confidence: the least sure keypoint that the
    teacher saw, 0..1. bone_error: how many robust standard deviations its worst bone is off. disagreement: mean
    distance from the current model's keypoints, in body sizes. pose_group: which of the dataset's typical poses.
    duplicate_of: position of the sample that it repeats. claimed_by, claimed_until: who is labelling it just now, so
    that two people are given different ones. deleted_at: it is gone, but a version still holds it.
    """

    __tablename__ = "samples"
    __table_args__ = (
        UniqueConstraint("dataset_id", "position", name="uq_samples_dataset_id_position"),
        CheckConstraint("x2_px > x1_px AND y2_px > y1_px", name="box_in_order"),
        CheckConstraint("state IN ('unlabelled', 'proposed', 'reviewed', 'excluded')", name="state_known"),
        CheckConstraint("split IN ('train', 'validation', 'test')", name="split_known"),
        CheckConstraint("revision >= 0", name="revision_not_negative"),
        Index("ix_samples_dataset_id_state_confidence", "dataset_id", "state", "confidence"),
        Index("ix_samples_dataset_id_person_id", "dataset_id", "person_id"),
        # with what the grid most often filters and orders by, so that the rows are not read
        Index("ix_samples_grid", "dataset_id", "deleted_at", "position", "picture_id", "state", "confidence"),
    )

    id: Mapped[PublicId]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    position: Mapped[int]
    picture_id: Mapped[str] = mapped_column(ForeignKey("pictures.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("pictured_people.id", ondelete="SET NULL"), index=True)
    x1_px: Mapped[float]
    y1_px: Mapped[float]
    x2_px: Mapped[float]
    y2_px: Mapped[float]
    state: Mapped[str] = mapped_column(String(16))
    split: Mapped[str | None] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    teacher: Mapped[str | None] = mapped_column(String(64))
    confidence: Mapped[float | None]
    labelled_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    labelled_at: Mapped[Moment | None]
    bone_error: Mapped[float | None]
    disagreement: Mapped[float | None]
    pose_group: Mapped[int | None]
    duplicate_of: Mapped[int | None]
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    claimed_until: Mapped[Moment | None]
    extra: Mapped[str] = mapped_column(Text, default="{}", server_default="{}", deferred=True)
    added_at: Mapped[Moment] = mapped_column(default=utc_now)
    deleted_at: Mapped[Moment | None]

    picture: Mapped[Picture] = relationship(lazy="joined", innerjoin=True)


class LabelRevision(Base):
    """One label that a sample had or has; never changed, so that undoing, versions and conflicts lose nothing.

    label: as datasets.label_bytes packs it, with the box.
    """

    __tablename__ = "label_revisions"
    __table_args__ = (
        CheckConstraint("revision > 0", name="revision_positive"),
        CheckConstraint("origin IN ('hand', 'teacher', 'import', 'restore')", name="origin_known"),
        CheckConstraint("state IN ('unlabelled', 'proposed', 'reviewed', 'excluded')", name="state_known"),
    )

    sample_id: Mapped[str] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    made_at: Mapped[Moment] = mapped_column(default=utc_now)


class DatasetVersion(Base):
    """What a dataset held at one moment, frozen: by hand, before an export or a training run, or before restoring."""

    __tablename__ = "dataset_versions"
    __table_args__ = (
        UniqueConstraint("dataset_id", "number", name="uq_dataset_versions_dataset_id_number"),
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("reason IN ('hand', 'export', 'run', 'restore')", name="reason_known"),
    )

    id: Mapped[PublicId]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    number: Mapped[int]
    reason: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(String(200), default="", server_default="")
    change_number: Mapped[int]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    made_at: Mapped[Moment] = mapped_column(default=utc_now)


class VersionSample(Base):
    """One sample as a version holds it: which revision of its label, whose picture, for which split."""

    __tablename__ = "version_samples"

    version_id: Mapped[str] = mapped_column(ForeignKey("dataset_versions.id", ondelete="CASCADE"), primary_key=True)
    sample_id: Mapped[str] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True, index=True)
    revision: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("pictured_people.id", ondelete="SET NULL"), index=True)
    split: Mapped[str | None] = mapped_column(String(16))
