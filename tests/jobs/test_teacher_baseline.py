"""What a teacher says of a run's samples: where the man is, in shares of the crop, and how much of it is its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.jobs.conftest import Desk
from tests.jobs.man_dataset import FRAMES, man_dataset
from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray
from webapp.core.skeleton import HAND_21, UPPER_BODY_6, Skeleton
from webapp.datasets.crops import crop_square, to_crop
from webapp.datasets.label_bytes import from_bytes
from webapp.datasets.picture_store import store_of
from webapp.datasets.records import Finding
from webapp.db.base import db
from webapp.db.datasets import LabelRevision, Sample
from webapp.db.engine import transaction
from webapp.jobs import teacher as teacher_module
from webapp.jobs.claims import claim
from webapp.jobs.context import JobCancelledError
from webapp.jobs.running import run_claimed
from webapp.jobs.teacher_baseline import teacher_baseline
from webapp.services.dataset_versions import freeze
from webapp.services.jobs import create_job
from webapp.training.baselines import TeacherFound
from webapp.vision.ports import PoseModel
from webapp.vision.registry import load_pose_model

TEACHER = "blazepose_lite"
HALF_OWN = Skeleton("half_own", ("left_wrist", "right_wrist", "tail_tip"), (("left_wrist", "right_wrist"),))


@cache
def loaded(name: str) -> PoseModel:
    return load_pose_model(Settings(pose_model=name))


@pytest.fixture(autouse=True)
def models_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling one takes longer than all that it does here."""
    monkeypatch.setattr(teacher_module, "load_pose_model", lambda settings: loaded(settings.pose_model))


@dataclass
class Watched:
    """A context that keeps what it was told; cancelled after so many people."""

    settings: Settings
    dataset_id: str
    cancelled_after: int | None = None
    steps: list[tuple[str, int | None]] = field(default_factory=list)
    looks: list[int | None] = field(default_factory=list)
    job_id: str = ""
    created_by: int | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    done: int = 0

    def begin(self, step: str, total: int | None) -> None:
        self.steps.append((step, total))

    def advance(self, session: Session, done: int, findings: Sequence[Finding] = ()) -> None:
        raise AssertionError("nothing is kept of a comparison")

    def end(self, session: Session, state: str, message: str, result: Mapping[str, object]) -> None:
        raise AssertionError("a comparison is not the end of a run")

    def look(self, done: int | None = None) -> None:
        self.looks.append(done)
        if self.cancelled_after is not None and len(self.looks) >= self.cancelled_after:
            raise JobCancelledError


def labelled_man(desk: Desk, settings: Settings, skeleton: Skeleton = UPPER_BODY_6) -> str:
    """Four samples with the teacher's own proposals, of which the first was reviewed."""
    dataset_id = man_dataset(settings, desk.owner_id, skeleton, FRAMES[:4])
    asked = {"pose_model": TEACHER, "detector": None, "states": ["unlabelled"], "min_score": 0.5}
    held = claim(create_job(desk.owner, "propose", dataset_id, asked).id)
    assert held is not None
    assert run_claimed(settings, held) is not None
    with transaction():
        samples(dataset_id)[0].state = "reviewed"
    return dataset_id


def samples(dataset_id: str) -> list[Sample]:
    db.session.rollback()
    return list(db.session.scalars(select(Sample).where(Sample.dataset_id == dataset_id).order_by(Sample.position)))


def frozen(dataset_id: str) -> str:
    with transaction() as session:
        return freeze(session, dataset_id, "run", "", None).id


def asked(watched: Watched, skeleton: Skeleton = UPPER_BODY_6, places: Sequence[int] = (3, 1)) -> TeacherFound:
    """About samples at these places, in this order."""
    there = samples(watched.dataset_id)
    ids = [there[place].id for place in places]
    return teacher_baseline(watched, TEACHER, frozen(watched.dataset_id), skeleton, ids)


def proposed(dataset_id: str, place: int) -> FloatArray:
    """The label of a sample in shares of its crop."""
    sample = samples(dataset_id)[place]
    row = db.session.get(LabelRevision, (sample.id, sample.revision))
    assert row is not None
    box, label = from_bytes(row.label)
    assert label is not None
    return to_crop(label.keypoints_px, crop_square(box))


def test_it_says_where_it_saw_the_man_in_the_order_asked(context: None, desk: Desk, settings: Settings) -> None:
    watched = Watched(settings, labelled_man(desk, settings))

    found = asked(watched, places=(3, 1))

    assert (found.name, found.asked.tolist()) == (TEACHER, [True, True])
    assert found.judged.all()
    for row, place in enumerate((3, 1)):
        np.testing.assert_allclose(found.found.keypoints[row], proposed(watched.dataset_id, place), atol=0.01)
    assert np.all(found.found.scores > 0.5)
    assert watched.steps[-1] == (f"Asking {TEACHER}, for comparison", 2)
    assert watched.looks == [1, 2]


def test_its_own_labels_count_where_nobody_has_reviewed_them(context: None, desk: Desk, settings: Settings) -> None:
    watched = Watched(settings, labelled_man(desk, settings))

    assert asked(watched, places=(0, 1, 2, 3)).own_labels == 3
    assert asked(watched, places=(0,)).own_labels == 0


def test_what_it_was_asked_at_the_time_of_the_run_counts(context: None, desk: Desk, settings: Settings) -> None:
    """Reviewed after the version was frozen: in the version it is the teacher's own yet."""
    watched = Watched(settings, labelled_man(desk, settings))
    version_id = frozen(watched.dataset_id)
    with transaction():
        samples(watched.dataset_id)[1].state = "reviewed"

    ids = [sample.id for sample in samples(watched.dataset_id)]
    assert teacher_baseline(watched, TEACHER, version_id, UPPER_BODY_6, ids).own_labels == 3


def test_a_picture_that_is_gone_is_not_asked_about(context: None, desk: Desk, settings: Settings) -> None:
    watched = Watched(settings, labelled_man(desk, settings))
    picture = samples(watched.dataset_id)[3].picture
    store_of(settings).path(picture.sha256, picture.suffix).unlink()

    found = asked(watched, places=(3, 1))

    assert found.asked.tolist() == [False, True]
    assert np.isnan(found.found.keypoints[0]).all()
    assert found.own_labels == 1


def test_keypoints_that_it_does_not_know_are_not_judged(context: None, desk: Desk, settings: Settings) -> None:
    watched = Watched(settings, labelled_man(desk, settings, HALF_OWN))

    found = asked(watched, HALF_OWN)

    assert found.judged.tolist() == [True, True, False]
    assert np.isfinite(found.found.keypoints[:, :2]).all()
    assert np.isnan(found.found.keypoints[:, 2]).all()


def test_it_can_be_cancelled_after_any_person(context: None, desk: Desk, settings: Settings) -> None:
    watched = Watched(settings, labelled_man(desk, settings), cancelled_after=2)

    with pytest.raises(JobCancelledError):
        asked(watched, places=(0, 1, 2, 3))

    assert watched.looks == [1, 2]


def test_a_teacher_of_something_else_is_refused(context: None, desk: Desk, settings: Settings) -> None:
    watched = Watched(settings, man_dataset(settings, desk.owner_id, HAND_21, FRAMES[:1]))

    with pytest.raises(InvalidInputError, match="fewer than 2 names are the same"):
        asked(watched, HAND_21, places=(0,))
