"""Curating finds what was made strange of real and drawn labels, and goes on where it stopped."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import select

from tests.dataset_seeding import seed_dataset
from tests.jobs.conftest import Desk
from tests.jobs.man_dataset import FRAMES, man_dataset
from tests.services.datasets import body_of
from webapp.config import Settings
from webapp.core.records import Box
from webapp.core.skeleton import UPPER_BODY_6
from webapp.datasets.label_bytes import from_bytes, to_bytes
from webapp.datasets.records import ABSENT
from webapp.db.base import db
from webapp.db.datasets import Dataset, LabelRevision, Sample
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.jobs import curate
from webapp.jobs.claims import claim
from webapp.jobs.running import run_claimed
from webapp.services.dataset_facets import facets
from webapp.services.jobs import create_job, result_of
from webapp.services.labels import save_label
from webapp.services.sample_edits import edit_samples

STRANGE = 7
LEFT_WRIST = UPPER_BODY_6.index["left_wrist"]


def run(desk: Desk, settings: Settings, kind: str, dataset_id: str, **parameters: object) -> Job:
    create_job(desk.owner, kind, dataset_id, parameters)
    return run_next(settings)


def run_next(settings: Settings) -> Job:
    (job_id,) = db.session.scalars(select(Job.id).where(Job.state == "queued"))
    held = claim(job_id)
    assert held is not None
    job = run_claimed(settings, held)
    assert job is not None
    return job


def samples(dataset_id: str) -> list[Sample]:
    db.session.rollback()
    return list(db.session.scalars(select(Sample).where(Sample.dataset_id == dataset_id).order_by(Sample.position)))


def change_label(sample: Sample, change: Callable[[np.ndarray], None]) -> None:
    """The stored keypoints (K, 2) as `change` leaves them."""
    with transaction() as session:
        row = session.get(LabelRevision, (sample.id, sample.revision))
        assert row is not None
        box, label = from_bytes(row.label)
        assert label is not None
        keypoints = label.keypoints_px.copy()
        change(keypoints)
        keypoints[label.visibility == ABSENT] = np.nan
        row.label = to_bytes(box, dataclasses.replace(label, keypoints_px=keypoints))


def move_wrist(keypoints: np.ndarray) -> None:
    keypoints[LEFT_WRIST] = keypoints[LEFT_WRIST] + (60, 50)


def move_everything(keypoints: np.ndarray) -> None:
    keypoints += 40


def test_a_strange_bone_a_repeated_sample_and_groups_of_poses_are_written(
    context: None, desk: Desk, settings: Settings
) -> None:
    seeded = seed_dataset(desk.owner, settings.instance_dir, 24, name="Drawn", states=["reviewed"])
    change_label(samples(seeded.dataset_id)[STRANGE], move_wrist)
    with transaction() as session:
        session.get_one(Sample, seeded.sample_ids[3]).state = "excluded"
        original, copy = (session.get_one(Sample, seeded.sample_ids[number]) for number in (5, 9))
        copy.picture.dhash = original.picture.dhash
        copy.x1_px, copy.y1_px, copy.x2_px, copy.y2_px = (
            original.x1_px,
            original.y1_px,
            original.x2_px,
            original.y2_px,
        )
        label = session.get_one(LabelRevision, (original.id, original.revision)).label
        session.get_one(LabelRevision, (copy.id, copy.revision)).label = label
    before = db.session.get_one(Dataset, seeded.dataset_id).change_number
    db.session.rollback()

    job = run(desk, settings, "curate", seeded.dataset_id, pose_model=None)

    assert job.state == "succeeded", job.message
    found = samples(seeded.dataset_id)
    errors = [-1.0 if sample.bone_error is None else sample.bone_error for sample in found]
    assert int(np.argmax(errors)) == STRANGE
    assert found[9].duplicate_of == found[5].position
    assert [sample.disagreement for sample in found] == [None] * 24
    excluded = found[3]
    assert (excluded.bone_error, excluded.pose_group, excluded.duplicate_of) == (None, None, None)
    assert all(sample.pose_group is not None for sample in found if sample is not excluded)
    assert db.session.get_one(Dataset, seeded.dataset_id).change_number > before
    result = result_of(job)
    assert result is not None
    assert result["bone_error"] == 23
    assert result["duplicate_of"] >= 1  # type: ignore[operator]


def test_a_label_that_cannot_be_judged_counts_as_looked_at_until_it_is_changed(
    context: None, desk: Desk, settings: Settings
) -> None:
    seeded = seed_dataset(desk.owner, settings.instance_dir, 24, name="Drawn", states=["reviewed", "proposed"])
    dataset_id, few, excluded, accepted, changed = seeded.dataset_id, *seeded.sample_ids[:4]
    for sample in samples(dataset_id)[:4]:
        _keep_one_keypoint(sample)
    edit_samples(desk.owner, dataset_id, [excluded], "exclude")
    run(desk, settings, "curate", dataset_id, pose_model=None)
    unjudged = [sample.id for sample in samples(dataset_id) if sample.bone_error is None and sample.pose_group is None]
    assert set(unjudged) == {few, excluded, accepted, changed}

    assert _looked_at(desk, dataset_id) == (24, 24)

    edit_samples(desk.owner, dataset_id, [accepted, changed], "accept")
    assert _looked_at(desk, dataset_id) == (24, 24)
    save_label(desk.owner, dataset_id, changed, body_of(changed, moved={0: (5.0, 5.0)}))
    assert _looked_at(desk, dataset_id) == (24, 23)
    run(desk, settings, "curate", dataset_id, pose_model=None)
    assert _looked_at(desk, dataset_id) == (24, 24)


def _keep_one_keypoint(sample: Sample) -> None:
    with transaction() as session:
        row = session.get_one(LabelRevision, (sample.id, sample.revision))
        box, label = from_bytes(row.label)
        assert label is not None
        visibility, keypoints = label.visibility.copy(), label.keypoints_px.copy()
        visibility[1:], keypoints[1:] = ABSENT, np.nan
        row.label = to_bytes(box, dataclasses.replace(label, visibility=visibility, keypoints_px=keypoints))


def _looked_at(desk: Desk, dataset_id: str) -> tuple[int, int]:
    db.session.rollback()
    found = facets(desk.owner, dataset_id)
    return found.labelled, found.curated


def test_a_label_far_from_what_a_model_sees_has_the_largest_distance(
    context: None, desk: Desk, settings: Settings
) -> None:
    dataset_id = labelled_man(desk, settings)
    change_label(samples(dataset_id)[2], move_everything)

    job = run(desk, settings, "curate", dataset_id, pose_model="blazepose_lite")

    assert job.state == "succeeded", job.message
    distances = [sample.disagreement for sample in samples(dataset_id)]
    assert all(distance is not None for distance in distances)
    assert int(np.argmax(distances)) == 2  # type: ignore[arg-type]
    assert distances[0] == pytest.approx(0, abs=0.02)

    run(desk, settings, "curate", dataset_id, pose_model=None)
    assert [sample.disagreement for sample in samples(dataset_id)] == [None] * len(FRAMES)


def labelled_man(desk: Desk, settings: Settings) -> str:
    dataset_id = man_dataset(settings, desk.owner_id, UPPER_BODY_6)
    given = {"pose_model": "blazepose_lite", "detector": None, "states": ["unlabelled"], "min_score": 0.5}
    assert run(desk, settings, "propose", dataset_id, **given).state == "succeeded"
    return dataset_id


def test_it_asks_the_model_on_from_where_it_stopped(
    context: None, desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_id = labelled_man(desk, settings)
    monkeypatch.setattr(curate, "ASKED", 4)
    job_id = create_job(desk.owner, "curate", dataset_id, {"pose_model": "blazepose_lite"}).id
    with transaction() as session:
        session.get_one(Job, job_id).done = 4  # as an attempt before left it

    job = run_next(settings)

    assert job.state == "succeeded", job.message
    assert [sample.disagreement is None for sample in samples(dataset_id)] == [True] * 4 + [False] * (len(FRAMES) - 4)


def test_what_is_labelled_anew_meanwhile_keeps_nothing_of_the_label_before(
    context: None, desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded = seed_dataset(desk.owner, settings.instance_dir, 12, name="Drawn", states=["reviewed"])
    work_out = curate._worked_out

    def label_meanwhile(*arguments: object) -> list[curate._Found]:
        found = work_out(*arguments)  # type: ignore[arg-type]
        with transaction() as session:
            sample = session.get_one(Sample, seeded.sample_ids[2])
            old = session.get_one(LabelRevision, (sample.id, sample.revision))
            box, label = from_bytes(old.label)
            new = LabelRevision(sample_id=sample.id, revision=sample.revision + 1, label=to_bytes(box, label))
            new.state, new.origin = "reviewed", "hand"
            session.add(new)
            sample.revision, sample.pose_group = sample.revision + 1, None  # as every new label does
        return found

    monkeypatch.setattr(curate, "_worked_out", label_meanwhile)
    assert run(desk, settings, "curate", seeded.dataset_id, pose_model=None).state == "succeeded"
    groups = [sample.pose_group is None for sample in samples(seeded.dataset_id)]
    assert groups == [number == 2 for number in range(12)]


def test_an_empty_dataset_is_curated_at_once(context: None, desk: Desk, settings: Settings) -> None:
    job = run(desk, settings, "curate", desk.dataset_id, pose_model=None)
    assert job.state == "succeeded", job.message


def test_a_sample_of_two_people_in_one_picture_repeats_neither(context: None, desk: Desk, settings: Settings) -> None:
    dataset_id = labelled_man(desk, settings)
    first = samples(dataset_id)[0]
    box = Box(first.x1_px + 150, first.y1_px, first.x2_px + 150, first.y2_px)
    with transaction() as session:
        corners = {"x1_px": box.x1_px, "y1_px": box.y1_px, "x2_px": box.x2_px, "y2_px": box.y2_px}
        session.add(
            Sample(dataset_id=dataset_id, position=99, picture_id=first.picture_id, state="unlabelled", **corners)
        )
    run(desk, settings, "curate", dataset_id, pose_model=None)
    assert samples(dataset_id)[-1].duplicate_of is None
