"""A teacher labels real pictures by keypoint name, never what a person has seen, and goes on where it stopped."""

from __future__ import annotations

import datetime as dt
import os
import signal
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from sqlalchemy import select

from tests.browser.clips import man_alone
from tests.browser.man_boxes import man_boxes
from tests.jobs.conftest import Desk, MakeConsumer
from tests.jobs.man_dataset import FRAMES, grey_picture, man_dataset
from webapp.config import Settings
from webapp.core.records import Box, Pose
from webapp.core.skeleton import BLAZEPOSE_33, COCO_17, HAND_21, UPPER_BODY_6, Skeleton
from webapp.datasets.label_bytes import from_bytes
from webapp.datasets.picture_store import store_of
from webapp.datasets.records import ABSENT, HIDDEN, VISIBLE, Label
from webapp.datasets.teachers import teachers_keypoints
from webapp.db.base import db, utc_now
from webapp.db.datasets import Dataset, LabelRevision, Picture, Sample
from webapp.db.engine import transaction
from webapp.db.jobs import Job, JobFinding
from webapp.jobs import propose
from webapp.jobs import teacher as teacher_module
from webapp.jobs.claims import claim
from webapp.jobs.running import RunningJob, run_claimed
from webapp.jobs.teacher import label_of, load_teacher
from webapp.services.jobs import create_job, result_of
from webapp.vision.ports import PoseModel
from webapp.vision.registry import load_pose_model

HALF_OWN = Skeleton("half_own", ("left_wrist", "right_wrist", "tail_tip"), (("left_wrist", "right_wrist"),))


@cache
def loaded(name: str) -> PoseModel:
    return load_pose_model(Settings(pose_model=name))


@pytest.fixture(autouse=True)
def models_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling one takes longer than all that it does here."""
    monkeypatch.setattr(teacher_module, "load_pose_model", lambda settings: loaded(settings.pose_model))


def asked(desk: Desk, dataset_id: str, **parameters: object) -> str:
    given = {"pose_model": "blazepose_lite", "detector": None, "states": ["unlabelled"], "min_score": 0.5}
    return create_job(desk.owner, "propose", dataset_id, {**given, **parameters}).id


def run(desk: Desk, settings: Settings, dataset_id: str, **parameters: object) -> Job:
    held = claim(asked(desk, dataset_id, **parameters))
    assert held is not None
    job = run_claimed(settings, held)
    assert job is not None
    return job


def samples(dataset_id: str) -> list[Sample]:
    db.session.rollback()
    return list(db.session.scalars(select(Sample).where(Sample.dataset_id == dataset_id).order_by(Sample.position)))


def label(sample: Sample) -> Label:
    row = db.session.get(LabelRevision, (sample.id, sample.revision))
    assert row is not None
    found = from_bytes(row.label)[1]
    assert found is not None
    return found


@pytest.mark.parametrize("pose_model", ["blazepose_lite", "movenet_multipose"])
def test_a_jumping_man_is_labelled_where_he_is(context: None, desk: Desk, settings: Settings, pose_model: str) -> None:
    dataset_id = man_dataset(settings, desk.owner_id, UPPER_BODY_6)

    job = run(desk, settings, dataset_id, pose_model=pose_model)

    assert (job.state, job.done, job.total) == ("succeeded", len(FRAMES), len(FRAMES))
    assert job.message == f"{pose_model} proposed {len(FRAMES)} labels."
    for sample, frame in zip(samples(dataset_id), FRAMES, strict=True):
        x1, y1, x2, y2 = man_boxes()[frame]
        found, slack_px = label(sample), 0.06 * (y2 - y1)
        assert (sample.state, sample.teacher, sample.revision) == ("proposed", pose_model, 1)
        assert found.confidence is not None
        assert sample.confidence == pytest.approx(found.confidence[found.visibility != ABSENT].min())
        sure = found.keypoints_px[found.visibility == VISIBLE]
        assert len(sure) >= 4
        assert np.all((sure >= [x1 - slack_px, y1 - slack_px]) & (sure <= [x2 + slack_px, y2 + slack_px]))


def test_keypoints_go_by_name_and_what_the_model_does_not_know_is_absent(
    context: None, desk: Desk, settings: Settings
) -> None:
    own = man_dataset(settings, desk.owner_id, HALF_OWN, FRAMES[:1])
    coco = man_dataset(settings, desk.owner_id, COCO_17, FRAMES[:1])

    run(desk, settings, own)
    run(desk, settings, coco)

    half, whole = label(samples(own)[0]), label(samples(coco)[0])
    assert half.visibility[2] == ABSENT
    assert half.confidence is not None
    assert half.confidence[2] == 0
    for name in ("left_wrist", "right_wrist"):
        assert np.allclose(half.keypoints_px[HALF_OWN.index[name]], whole.keypoints_px[COCO_17.index[name]])


def test_a_model_of_something_else_is_refused_with_both_lists(context: None, desk: Desk, settings: Settings) -> None:
    dataset_id = man_dataset(settings, desk.owner_id, HAND_21, FRAMES[:1])

    job = run(desk, settings, dataset_id)

    assert job.state == "failed"
    assert "nose" in (job.message or "")
    assert "thumb_tip" in (job.message or "")


def test_what_a_person_has_seen_is_never_touched(context: None, desk: Desk, settings: Settings) -> None:
    dataset_id = man_dataset(settings, desk.owner_id, UPPER_BODY_6, FRAMES[:4])
    states = ["reviewed", "excluded", "proposed", "unlabelled"]
    with transaction():
        for sample, state in zip(samples(dataset_id), states, strict=True):
            sample.state = state

    run(desk, settings, dataset_id)
    assert [sample.revision for sample in samples(dataset_id)] == [0, 0, 0, 1]
    run(desk, settings, dataset_id, states=["unlabelled", "proposed"])
    assert [sample.revision for sample in samples(dataset_id)] == [0, 0, 1, 2]


def test_after_an_import_only_what_it_brought_is_labelled(context: None, desk: Desk, settings: Settings) -> None:
    dataset_id = man_dataset(settings, desk.owner_id, UPPER_BODY_6, FRAMES[:4])
    import_id = create_job(desk.owner, "import", dataset_id, {}).id
    with transaction():
        for sample in samples(dataset_id)[1:3]:
            sample.picture.job_id = import_id

    job = run(desk, settings, dataset_id, job_id=import_id)

    assert [sample.revision for sample in samples(dataset_id)] == [0, 1, 1, 0]
    assert result_of(job)["proposed"] == 2


def test_who_labels_while_the_teacher_looks_keeps_their_label(
    context: None, desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_id = man_dataset(settings, desk.owner_id, UPPER_BODY_6, FRAMES[:3])
    ask = propose._ask

    def ask_while_somebody_labels(*arguments: object) -> object:
        answer = ask(*arguments)  # type: ignore[arg-type]
        with transaction():
            first, second, _ = samples(dataset_id)
            first.revision, first.state = 1, "proposed"
            second.claimed_until = utc_now() + dt.timedelta(minutes=5)
        return answer

    monkeypatch.setattr(propose, "_ask", ask_while_somebody_labels)

    job = run(desk, settings, dataset_id)

    assert [sample.state for sample in samples(dataset_id)] == ["proposed", "unlabelled", "proposed"]
    assert [sample.teacher for sample in samples(dataset_id)] == [None, None, "blazepose_lite"]
    assert result_of(job)["proposed"] == 1
    assert "2 samples were left out: people are labelling them, or just did" in [
        f.reason for f in db.session.scalars(select(JobFinding))
    ]


def test_where_nobody_is_seen_the_sample_stays_and_the_report_says_so(
    context: None, desk: Desk, settings: Settings
) -> None:
    dataset_id = man_dataset(settings, desk.owner_id, UPPER_BODY_6, FRAMES[:3])
    empty = store_of(settings).add(grey_picture(), lossless=False)
    with transaction() as session:
        first, second, _ = samples(dataset_id)
        for sample, sha256 in ((first, empty.sha256), (second, "0" * 64)):
            picture = session.get(Picture, sample.picture_id)
            assert picture is not None
            picture.sha256 = sha256

    job = run(desk, settings, dataset_id)

    assert [sample.state for sample in samples(dataset_id)] == ["unlabelled", "unlabelled", "proposed"]
    assert job.message == "blazepose_lite proposed 1 label; 2 things are in the report."
    reasons = [finding.reason for finding in db.session.scalars(select(JobFinding).order_by(JobFinding.id))]
    assert reasons[0] == "blazepose_lite sees nobody in the box"
    assert reasons[1] == "its stored picture cannot be read: No such file or directory"


def test_an_attempt_goes_on_where_the_one_before_stopped(
    context: None, desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(propose, "BATCH", 3)
    dataset_id = man_dataset(settings, desk.owner_id, UPPER_BODY_6)
    held = claim(asked(desk, dataset_id, states=["unlabelled", "proposed"]))
    assert held is not None
    advance, calls = RunningJob.advance, []

    def advance_twice(self: RunningJob, *arguments: object) -> None:
        calls.append(arguments)
        if len(calls) > 2:
            raise SystemExit("as if it were killed")
        advance(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(RunningJob, "advance", advance_twice)
    with pytest.raises(SystemExit):
        run_claimed(settings, held)
    monkeypatch.setattr(RunningJob, "advance", advance)
    assert [sample.revision for sample in samples(dataset_id)] == [1] * 6 + [0] * 4

    with transaction() as session:
        session.get_one(Job, held.job_id).attempts = 2
    job = run_claimed(settings, replace(held, attempt=2))

    assert job is not None
    assert job.state == "succeeded"
    assert [sample.revision for sample in samples(dataset_id)] == [1] * 10


def test_a_label_raises_the_datasets_change_number(context: None, desk: Desk, settings: Settings) -> None:
    dataset_id = man_dataset(settings, desk.owner_id, UPPER_BODY_6, FRAMES[:1])

    run(desk, settings, dataset_id)

    assert db.session.get_one(Dataset, dataset_id).change_number == 1


def test_beyond_the_edge_is_absent_and_unsure_is_hidden() -> None:
    points = np.array([[10, 10], [-1, 5], [320, 240], [320.5, 5], [np.nan, np.nan], [50, 60]], np.float32)
    scores = np.array([0.9, 0.9, 0.6, 0.9, 0.9, 0.49], np.float32)
    names = tuple("abcdef")
    pose = Pose(Skeleton("six", names, ()), points, scores, 0.9)

    found = label_of(pose, np.arange(6), 0.5, 320, 240)

    assert found.visibility.tolist() == [VISIBLE, ABSENT, VISIBLE, ABSENT, ABSENT, HIDDEN]


def test_one_name_in_common_is_too_little() -> None:
    one = Skeleton("one", ("nose", "tail"), ())

    with pytest.raises(Exception, match="fewer than 2 names are the same; choose another model"):
        teachers_keypoints("blazepose_lite", BLAZEPOSE_33, one)


def test_a_box_of_the_upper_body_alone_is_enough(settings: Settings) -> None:
    (image_bgr,) = man_alone(range(3, 4))
    x1, y1, x2, y2 = man_boxes()[3]
    teacher = load_teacher("blazepose_lite", UPPER_BODY_6, settings)
    cut = image_bgr[: int(y1 + 0.45 * (y2 - y1))]

    whole = teacher.label(image_bgr, Box(x1, y1, x2, y2), 0.5)
    upper = teacher.label(cut, Box(x1, y1, x2, float(len(cut))), 0.5)

    assert whole is not None
    assert upper is not None
    shoulders = [UPPER_BODY_6.index[f"{side}_shoulder"] for side in ("left", "right")]
    apart_px = np.hypot(*(whole.keypoints_px[shoulders] - upper.keypoints_px[shoulders]).T)
    assert np.all(apart_px < 0.08 * (y2 - y1))


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_as_a_real_job_it_survives_a_kill(desk: Desk, settings: Settings, consumer: MakeConsumer) -> None:
    with desk.app.app_context():
        dataset_id = man_dataset(settings, desk.owner_id, UPPER_BODY_6, range(0, 80, 2))
        job_id = asked(desk, dataset_id, pose_model="blazepose_full")
    pid = consumer(child="webapp.jobs.child").pid
    row = desk.wait(job_id, lambda job: job.done >= propose.BATCH and job.pid not in (None, pid), "a first batch")

    if row.ended_at is None and row.pid is not None:
        os.kill(row.pid, signal.SIGKILL)

    assert desk.wait_for_end(job_id).state == "succeeded"
    with desk.app.app_context():
        assert [sample.revision for sample in samples(dataset_id)] == [1] * 40
