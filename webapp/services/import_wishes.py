"""What a person asks of an import: checked once here, then kept with the job as its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.db.accounts import User
from webapp.db.datasets import Dataset, PicturedPerson
from webapp.services import people
from webapp.services.dataset_access import dataset_for
from webapp.services.dataset_jobs import teachers
from webapp.services.names import clean_name

SOURCES = ("webcam", "video", "images")
PEOPLE = ("none", "given", "folders", "format")
"""Whose the pictures are: nobody's who is named; one person's; each folder's; as a labelled dataset says."""
MAX_EVERY_FRAMES = 100_000
POSE_CHANGE = (0.05, 5.0)
"""Torso lengths."""
NO_RIGHTS = "say that you may use these pictures and that the people in them agree; without that nothing is taken in"


@dataclass(frozen=True)
class ImportWishes:
    """What a person asks for; person_name and agreed: somebody new, or what an earlier one agrees to just now."""

    session: str
    source: str | None = None
    people: str = "format"
    person_id: str | None = None
    person_name: str | None = None
    agreed: bool = False
    rights: bool = False
    every_frames: int | None = None
    pose_change: float | None = None
    one_person: bool = False
    label_with: str | None = None


def checked_parameters(actor: User, dataset_id: str, wishes: ImportWishes) -> Mapping[str, object]:
    """The job's parameters; InvalidInputError with the remedy. Stores the person and what they agree to."""
    dataset = dataset_for(actor, dataset_id, "edit")
    session = clean_name(wishes.session, "this recording needs a name, such as the day and the place")
    if wishes.source is not None and wishes.source not in SOURCES:
        raise InvalidInputError(f"source {wishes.source!r:.40} is unknown; known: {', '.join(SOURCES)}")
    if wishes.source != "webcam" and not wishes.rights:
        raise InvalidInputError(NO_RIGHTS)
    _check_video(wishes)
    if wishes.label_with is not None and wishes.label_with not in {entry.name for entry in teachers(actor, dataset)}:
        raise InvalidInputError(
            f"{wishes.label_with!r:.80} is no installed pose model that knows keypoints of this dataset; choose another"
        )
    person = _person(actor, dataset, wishes)
    return {
        "from": "uploads",
        "format": "images" if wishes.source == "webcam" else "auto",
        "source": wishes.source,
        "session": session,
        "people": wishes.people,
        "person_id": None if person is None else person.id,
        "every_frames": wishes.every_frames,
        "pose_change": wishes.pose_change,
        "one_person": wishes.one_person,
        "label_with": wishes.label_with,
    }


def _check_video(wishes: ImportWishes) -> None:
    if wishes.every_frames is not None and wishes.pose_change is not None:
        raise InvalidInputError("of a video either every n-th frame is taken or where the pose changes; choose one")
    if wishes.every_frames is not None and not 1 <= wishes.every_frames <= MAX_EVERY_FRAMES:
        raise InvalidInputError(f"every n-th frame: n must be 1 to {MAX_EVERY_FRAMES}, got {wishes.every_frames}")
    low, high = POSE_CHANGE
    if wishes.pose_change is not None and not low <= wishes.pose_change <= high:
        raise InvalidInputError(f"a change of pose must be {low:g} to {high:g} torso lengths, got {wishes.pose_change}")


def _person(actor: User, dataset: Dataset, wishes: ImportWishes) -> PicturedPerson | None:
    if wishes.people not in PEOPLE:
        raise InvalidInputError(f"people {wishes.people!r:.40} is unknown; known: {', '.join(PEOPLE)}")
    if wishes.people != "given":
        if wishes.source == "webcam":
            raise InvalidInputError("say who is in front of the camera; everybody can then have their pictures deleted")
        return None
    person = _named(actor, dataset, wishes)
    if wishes.source == "webcam" and person.consent is None:
        raise InvalidInputError(f"{person.name} has to agree before pictures are taken; read the text and tick the box")
    return person


def _named(actor: User, dataset: Dataset, wishes: ImportWishes) -> PicturedPerson:
    if wishes.person_id is None:
        if not wishes.agreed:
            raise InvalidInputError("somebody new has to agree first; show them the text and tick the box")
        return people.create_person(actor, dataset.id, wishes.person_name or "", agreed=True)[0]
    known = {person.id: person for person in people.people_for(actor, dataset.id)}
    if wishes.person_id not in known:
        raise NotFoundError(f"there is no person {wishes.person_id!r:.40} in this dataset; choose one from the list")
    person = known[wishes.person_id]
    if wishes.agreed and person.consent is None:
        person, _ = people.create_person(actor, dataset.id, person.name, agreed=True)
    return person
