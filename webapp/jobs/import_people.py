"""Who is in an incoming picture: where a detector finds somebody, and what the person is called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.records import Box
from webapp.core.skeleton import Skeleton
from webapp.datasets.crops import crop_square, cut_out
from webapp.datasets.picture_file import bits_apart, difference_hash, to_bgr
from webapp.datasets.records import Finding, LabelledPerson
from webapp.datasets.thumbnails import Thumbnails
from webapp.db.base import db
from webapp.db.datasets import Dataset, Picture, PicturedPerson, Sample
from webapp.jobs.import_sources import ImportOrder, Incoming, unlabelled_people
from webapp.services.names import clean_name
from webapp.services.people import NO_NAME, find_or_create
from webapp.vision.catalogue import automatic_detector
from webapp.vision.figures import box_iou
from webapp.vision.ports import PersonDetector
from webapp.vision.registry import load_detector_named

SAME_BITS, SAME_OVERLAP = 2, 0.9
"""Two shots with boxes that overlap so much and squares whose hashes differ in no more bits say the same twice."""
_HASHED_PX = 96

Find = Callable[[Image.Image], list[Box]]
"""Boxes of the people in a picture, the surest first."""


class DetectorFinder:
    """Finds people with the detector of the settings, or hands for a skeleton of hands; loaded when first needed."""

    def __init__(self, settings: Settings, skeleton: Skeleton) -> None:
        self._settings, self._skeleton = settings, skeleton
        self._detector: PersonDetector | None = None

    def __call__(self, image: Image.Image) -> list[Box]:
        """At most settings.max_people boxes, within the picture."""
        if self._detector is None:
            self._detector = self._loaded()
        found = self._detector.detect(to_bgr(image))[: self._settings.max_people]
        boxes = [_within(detection.box, image.width, image.height) for detection in found]
        return [box for box in boxes if box.width_px >= 1 and box.height_px >= 1]

    def _loaded(self) -> PersonDetector:
        name = self._settings.detector
        if self._skeleton.kind == "hand":
            name = "palm"
        elif name == "auto":
            name = automatic_detector(self._settings.weights_dir)
        try:
            return load_detector_named(name, self._settings)
        except ModelUnavailableError as error:
            raise ModelUnavailableError(
                f"pictures without boxes need a detector that finds people in them: {error}"
            ) from error


def found_people(find: Find, look: Image.Image, scale: float, one_person: bool) -> tuple[LabelledPerson, ...]:
    """Everybody in a picture that is here `scale` times its size, or the largest alone; without labels."""
    boxes = [Box(b.x1_px / scale, b.y1_px / scale, b.x2_px / scale, b.y2_px / scale) for b in find(look)]
    return unlabelled_people(boxes, one_person)


class Names:
    """Whose samples they are, by what the import says of people. Used within one transaction at a time."""

    def __init__(self, order: ImportOrder, dataset: Dataset) -> None:
        self._order, self._owner_id = order, dataset.owner_id

    def require(self, session: Session) -> None:
        """InvalidInputError where the person that all pictures are of is no more."""
        if self._order.people != "given":
            return
        query = select(PicturedPerson.owner_id).where(PicturedPerson.id == self._order.person_id)
        if session.scalar(query) != self._owner_id:
            raise InvalidInputError("the person whose pictures these are was deleted; nothing was taken in")

    def person_id(self, session: Session, incoming: Incoming, person: LabelledPerson) -> str | Finding | None:
        """The id, or None where nobody is named; a finding where the name cannot be kept, or is another's.

        A folder's name is of one person: of several in a picture, the largest has it.
        """
        if self._order.people == "given":
            return self._order.person_id
        name = {"folders": incoming.folder, "format": person.person}.get(self._order.people)
        if name is None:
            return None
        if self._order.people == "folders" and person is not max(incoming.people, key=lambda each: _area(each.box)):
            reason = f"it shows {len(incoming.people)} people, and its folder names one: the largest has the name"
            return Finding(incoming.reported_name, reason, "noted")
        try:
            name = clean_name(name, NO_NAME)
        except InvalidInputError as error:
            return Finding(incoming.reported_name, f"nobody was named in it: {error}", "noted")
        return find_or_create(session, self._owner_id, name).id


class Shots:
    """The shots of one session in front of a webcam, to leave out those that repeat another."""

    def __init__(self, dataset_id: str, session_name: str, thumbnails: Thumbnails) -> None:
        """Those that the dataset has already count as well."""
        query = select(Picture.sha256, Picture.suffix, Sample.x1_px, Sample.y1_px, Sample.x2_px, Sample.y2_px)
        query = query.join(Sample, Sample.picture_id == Picture.id).where(
            Picture.dataset_id == dataset_id,
            Picture.session == session_name,
            Picture.source == "webcam",
            Sample.deleted_at.is_(None),
        )
        rows = [(sha256, suffix, Box(*corners)) for sha256, suffix, *corners in db.session.execute(query)]
        db.session.rollback()
        self._seen = [(_hash_of(thumbnails.ready(sha256, suffix, box)), box) for sha256, suffix, box in rows]

    def repeats(self, look: Image.Image, scale: float, box: Box) -> bool:
        """Whether a shot shows what one before it shows; where it does not, it counts from now on."""
        here = Box(box.x1_px * scale, box.y1_px * scale, box.x2_px * scale, box.y2_px * scale)
        mark = difference_hash(cut_out(look, crop_square(here), _HASHED_PX))
        for other, there in self._seen:
            if bits_apart(mark, other) <= SAME_BITS and box_iou(box, there) >= SAME_OVERLAP:
                return True
        self._seen.append((mark, box))
        return False


def _hash_of(path: Path) -> int:
    with Image.open(path) as image:
        return difference_hash(image)


def _area(box: Box) -> float:
    return box.width_px * box.height_px


def _within(box: Box, width_px: int, height_px: int) -> Box:
    return Box(
        max(box.x1_px, 0.0), max(box.y1_px, 0.0), min(box.x2_px, float(width_px)), min(box.y2_px, float(height_px))
    )
