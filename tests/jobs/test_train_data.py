"""What a run trains on is a version's samples, nobody in two splits; and nothing else of the pictures is kept."""

from __future__ import annotations

import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.dataset_seeding import Seeded, picture_path, seed_dataset
from tests.jobs.conftest import Desk
from tests.jobs.told import Told
from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import COCO_17
from webapp.datasets.crops import cut_out_grey
from webapp.datasets.formats.npz_writing import square_of
from webapp.datasets.label_bytes import from_bytes, to_bytes
from webapp.datasets.picture_file import to_bgr
from webapp.datasets.records import ABSENT, Label
from webapp.db.base import db
from webapp.db.datasets import LabelRevision, Picture, Sample
from webapp.db.engine import transaction
from webapp.jobs.context import JobCancelledError
from webapp.jobs.train_data import write_archive
from webapp.services import erasing
from webapp.services.dataset_versions import freeze
from webapp.training.archive import TrainingData, read_archive
from webapp.training.config import RunSettings
from webapp.training.records import ARCHIVE, TrainingFailedError

PEOPLE = ("Anna", "Ben", "Cleo", "Dora")
SETTINGS = RunSettings(side_px=32)


@dataclass
class Case:
    """A dataset, its version, and a folder for the run."""

    desk: Desk
    told: Told
    seeded: Seeded
    version_id: str
    folder: Path

    def write(self, settings: RunSettings = SETTINGS) -> Mapping[str, Any]:
        return write_archive(self.told, self.version_id, settings, self.folder)

    def read(self) -> TrainingData:
        return read_archive(self.folder / ARCHIVE)

    def left(self) -> list[str]:
        return [path.name for path in self.folder.glob("*")] if self.folder.exists() else []


Make = Callable[..., Case]


@pytest.fixture
def make(desk: Desk, settings: Settings, tmp_path: Path) -> Make:
    """Inside an app context: a dataset frozen as a version. change: something done with its samples before that."""

    def made(count: int = 24, change: Callable[[Session, Seeded], None] | None = None, **options: Any) -> Case:
        options = {"people": PEOPLE, "states": ("reviewed",), "name": "Moves", **options}
        seeded = seed_dataset(desk.owner, settings.instance_dir, count, **options)
        with transaction() as session:
            if change is not None:
                change(session, seeded)
            version = freeze(session, seeded.dataset_id, "run", "", desk.owner_id)
            version_id = version.id
        return Case(desk, Told(settings, seeded.dataset_id), seeded, version_id, tmp_path / "run")

    return made


@pytest.fixture(autouse=True)
def _context(desk: Desk) -> Any:
    with desk.app.app_context():
        yield


def test_every_labelled_sample_is_there_as_the_live_view_would_see_it(make: Make) -> None:
    case = make()
    case.write()
    data = case.read()
    assert set(data.sample_ids) == set(case.seeded.sample_ids)
    for row, sample_id in enumerate(data.sample_ids):
        sample = db.session.get_one(Sample, sample_id)
        stored = db.session.scalar(select(LabelRevision.label).where(LabelRevision.sample_id == sample_id))
        assert stored is not None
        box, label = from_bytes(stored)
        assert label is not None
        with Image.open(picture_path(case.told.settings.instance_dir, sample.picture.sha256)) as image:
            grey = cut_out_grey(to_bgr(image), square_of(box), 32)
        assert np.array_equal(data.images[row, ..., 0], grey.astype(np.float32) / np.float32(255))
        square = square_of(box)
        there = data.visibility[row] != ABSENT
        back = data.keypoints[row][there] * square.width_px + (square.x1_px, square.y1_px)
        assert np.allclose(back, label.keypoints_px[there], atol=0.01)


def test_nobody_is_in_two_splits_and_the_answer_counts_them(make: Make) -> None:
    case = make(40)
    said = case.write()
    data = case.read()
    people_of = {split: set(data.person[data.rows(split)].tolist()) for split in ("train", "validation", "test")}
    assert sorted(name for names in people_of.values() for name in names) == sorted(PEOPLE)
    assert said == {
        "samples": {"train": 20, "validation": 10, "test": 10},
        "people": {"train": 2, "validation": 1, "test": 1},
        "split_by": "person",
        "labelled": dict(zip(data.skeleton.keypoints, (data.visibility != ABSENT).sum(axis=0).tolist(), strict=True)),
        "tested_on": "test",
        "left_out": 0,
    }


def test_somebody_unnamed_is_kept_with_who_is_named_beside_them_in_samples_of_other_states(make: Make) -> None:
    def recorded(session: Session, seeded: Seeded) -> None:
        session.execute(update(Picture).values(source="webcam", session="alone"))
        for number in (0, 4):  # both of Anna
            session.get_one(Picture, seeded.picture_ids[number]).session = "evening"
        session.get_one(Sample, seeded.sample_ids[0]).state = "unlabelled"
        session.get_one(Sample, seeded.sample_ids[4]).person_id = None

    for seed in range(4):
        case = make(40, recorded, name=f"Evening {seed}")
        case.write(replace(SETTINGS, seed=seed))
        data = case.read()
        assert set(data.split[data.person == "Anna"].tolist()) == set(data.split[data.person == ""].tolist())
        (case.folder / ARCHIVE).unlink()


def test_two_people_are_enough_and_it_is_said_what_they_are_tested_on(make: Make) -> None:
    said = make(people=("Anna", "Ben")).write()
    assert said["samples"] == {"train": 12, "validation": 12, "test": 0}
    assert said["tested_on"] == "validation"


def test_eight_pictures_of_nobody_in_particular_are_enough(make: Make) -> None:
    def imported(session: Session, seeded: Seeded) -> None:
        session.execute(update(Picture).values(source="coco"))

    said = make(8, imported, people=(None,)).write()
    assert sum(said["samples"].values()) == 8
    assert min(said["samples"].values()) >= 1


def test_proposed_samples_are_there_where_they_are_asked_for(make: Make) -> None:
    case = make(40, states=("reviewed", "proposed", "reviewed", "excluded", "unlabelled"))
    case.write()
    assert set(case.read().state.tolist()) == {"reviewed"}
    (case.folder / ARCHIVE).unlink()
    case.write(RunSettings(side_px=32, states=("reviewed", "proposed")))
    assert sorted(case.read().state.tolist()) == ["proposed"] * 8 + ["reviewed"] * 16


def test_a_whole_archive_is_kept_and_half_a_one_is_written_anew(make: Make) -> None:
    case = make()
    first = case.write()
    path = case.folder / ARCHIVE
    content, written_at = path.read_bytes(), path.stat().st_mtime_ns
    case.told.steps.clear()
    assert case.write() == first
    assert case.told.steps == []
    assert path.stat().st_mtime_ns == written_at
    path.write_bytes(content[: len(content) // 2])
    (case.folder / ".part-of-a-killed-attempt").write_bytes(b"half")
    assert case.write() == first
    assert path.read_bytes() == content
    assert case.left() == [ARCHIVE]


def test_an_end_is_asked_for_at_every_picture_and_nothing_is_left(make: Make) -> None:
    case = make()
    case.write()
    looks = case.told.looks
    assert [step for step, _ in case.told.steps] == ["Looking through the labels", "Cutting out people"]
    assert looks > 2 * 24
    (case.folder / ARCHIVE).unlink()
    for end_at in (1, 30, looks):
        case.told.looks = 0

        def cancel(_step: str, number: int, end_at: int = end_at) -> None:
            if number == end_at:
                raise JobCancelledError("it was cancelled")

        case.told.at_look = cancel
        with pytest.raises(JobCancelledError):
            case.write()
        assert case.left() == []


def test_a_disk_without_room_is_named_and_nothing_is_left(make: Make) -> None:
    case = make()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, limits[1]))
    try:
        with pytest.raises(
            TrainingFailedError, match=r"cannot be written to .* \(File too large\): they take 2 MB; make"
        ):
            case.write(RunSettings(side_px=128))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert case.left() == []


def test_somebody_deleted_meanwhile_is_not_in_the_archive(make: Make) -> None:
    case = make(40, people=("Anna", "Ben", "Cleo", "Dora", "Emil"))

    def forget(step: str, _number: int) -> None:
        if step == "Cutting out people" and "Dora" in case.seeded.people:
            erasing.delete_person(case.desk.owner, case.seeded.people.pop("Dora"))

    case.told.at_look = forget
    said = case.write()
    assert "Dora" not in set(case.read().person.tolist())
    assert sum(said["samples"].values()) == 32


def test_a_picture_that_is_gone_or_damaged_is_left_out_and_counted(make: Make) -> None:
    case = make(40)
    pictures = [db.session.get_one(Picture, picture_id).sha256 for picture_id in case.seeded.picture_ids[:2]]
    picture_path(case.told.settings.instance_dir, pictures[0]).unlink()
    picture_path(case.told.settings.instance_dir, pictures[1]).write_bytes(b"no picture")
    said = case.write()
    assert said["left_out"] == 2
    assert len(case.read()) == 38


def test_the_run_that_is_already_written_survives_the_dataset(make: Make) -> None:
    case = make()
    case.write()
    with transaction() as session:
        session.execute(update(Picture).values(file_name="other.jpg"))
    erasing.delete_person(case.desk.owner, case.seeded.people["Anna"])
    assert len(case.read()) == 24
    assert case.write()["left_out"] == 0


def never_labelled(which: int, *names: str) -> Callable[[Session, Seeded], None]:
    """A keypoint that is in no label, or in none of these people's."""

    def change(session: Session, seeded: Seeded) -> None:
        wanted = {seeded.people[name] for name in names}
        rows = session.query(LabelRevision, Sample).join(Sample, Sample.id == LabelRevision.sample_id)
        for revision, sample in rows.filter(Sample.dataset_id == seeded.dataset_id):
            box, label = from_bytes(revision.label)
            assert label is not None
            if not names or sample.person_id in wanted:
                visibility, keypoints = label.visibility.copy(), label.keypoints_px.copy()
                visibility[which], keypoints[which] = ABSENT, np.nan
                revision.label = to_bytes(box, Label(keypoints, visibility))

    return change


REFUSED: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "nothing": ({"count": 0}, "no sample of this dataset is labelled and reviewed.*train on proposed ones"),
    "nothing reviewed": ({"states": ("proposed",)}, "no sample .* is labelled and reviewed"),
    "seven": (
        {"count": 7},
        "7 samples of this dataset are labelled and reviewed; a run needs at least 8: label and review 1 more",
    ),
    "seven proposed": (
        {"count": 7, "states": ("proposed",), "trained_on": ("proposed",)},
        "7 samples of this dataset are labelled and proposed; .*: have a pose model label 1 more, or train on reviewed",
    ),
    "six of both": (
        {"count": 6, "trained_on": ("reviewed", "proposed")},
        "6 samples of this dataset are labelled and reviewed or proposed; .*: label 2 more$",
    ),
    "one person": ({"people": ("Anna",)}, "Anna is the only person in all 24 samples.*--split-by source"),
    "a keypoint that nobody has": (
        {"change": never_labelled(4)},
        "left_wrist is not labelled in any sample that could be trained on; label it in some, or use a dataset",
    ),
    "a keypoint that those to validate on have not": (
        {"change": never_labelled(5, "Anna"), "people": ("Anna", "Ben", "Ben")},
        "right_wrist is not labelled in any of the 8 samples that would be validated on; label it",
    ),
    "a keypoint that those to train on have not": (
        {"change": never_labelled(0, "Ben"), "people": ("Anna", "Ben", "Ben")},
        "left_shoulder is not labelled in any of the 16 samples that would be trained on; label it",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_trained_on_is_refused_with_the_remedy(make: Make, case: str) -> None:
    options, said = REFUSED[case]
    options = dict(options)
    settings = replace(SETTINGS, states=options.pop("trained_on", SETTINGS.states))
    made = make(**options)
    with pytest.raises(InvalidInputError, match=said):
        made.write(settings)
    assert made.left() == []


def test_many_keypoints_that_are_lacking_are_not_all_listed(make: Make) -> None:
    def without_legs(session: Session, seeded: Seeded) -> None:
        for which in range(11, 17):
            never_labelled(which)(session, seeded)

    with pytest.raises(InvalidInputError, match="left_hip, right_hip, left_knee and 3 more are not labelled"):
        make(change=without_legs, skeleton=COCO_17).write()


def test_a_keypoint_that_few_have_does_not_depend_on_the_first_draw(make: Make) -> None:
    def single(session: Session, seeded: Seeded) -> None:
        session.execute(update(Picture).values(source="coco"))
        for number in range(10):
            sample = session.get_one(Sample, seeded.sample_ids[number])
            sample.person_id = None
        never_labelled(3, "Anna")(session, seeded)

    for seed in range(3):
        case = make(24, single, name=f"Few {seed}")
        said = case.write(RunSettings(side_px=32, seed=seed))
        assert said["labelled"]["right_elbow"] < 24
        (case.folder / ARCHIVE).unlink()
