"""Which actions a session's models cannot recognise is told as soon as it is known, and taken back when it is over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.movements import arm_raise
from tests.pipeline.banks import stored_bank
from tests.pipeline.test_worker import HeardLink, told
from tests.pipeline.test_worker_models import asked, catch_up, choice, link, loader, opened, worker, worker_waits
from webapp.core.records import PoseSequence
from webapp.core.skeleton import BLAZEPOSE_33
from webapp.pipeline import wire_sessions
from webapp.pipeline.worker import Worker

__all__ = ["link", "loader", "worker"]


def notes(link: HeardLink) -> list[str | None]:
    return [wire_sessions.note_from_wire(sent[0]).sentence for event, sent in link.sent if event == "session_note"]


def arms_alone() -> PoseSequence:
    """The legs are out of view."""
    raised = arm_raise()
    scores = raised.scores.copy()
    legs = [place for place, name in enumerate(BLAZEPOSE_33.keypoints) if name.endswith(("hip", "knee", "ankle"))]
    scores[:, legs] = np.float32(0)
    return replace(raised, scores=scores)


def known_actions(worker: Worker) -> int:
    (session,) = worker._sessions.values()
    return len(session.pipeline.bank.actions) if session.pipeline.bank else 0


def test_a_session_that_begins_with_models_that_recognise_none_of_its_actions_says_so(
    worker: Worker, link: HeardLink
) -> None:
    worker.take(opened(link, choice("arms")))

    catch_up(worker, lambda: bool(notes(link)))

    (note,) = notes(link)
    assert note is not None
    assert note.startswith('None of your actions can be recognised with arms: "action a1" was recorded with blazepose')
    assert note.endswith("record it again with arms, or choose a model with these keypoints")


def test_the_note_follows_the_actions_and_the_models(worker: Worker, link: HeardLink) -> None:
    worker.take(opened(link, choice("arms")))
    catch_up(worker, lambda: len(notes(link)) == 1)

    worker.take(told(link, stored_bank(2, {"a1": [arm_raise()], "a2": [arms_alone()]})))
    catch_up(worker, lambda: len(notes(link)) == 2)
    worker.take(asked(link, choice("coco")))
    catch_up(worker, lambda: len(notes(link)) == 3)
    worker.take(told(link, stored_bank(3, {"a2": [arms_alone()]})))
    catch_up(worker, lambda: known_actions(worker) == 1)
    worker.take(asked(link, choice("arms")))
    catch_up(worker, lambda: not worker_waits(worker))

    some, none = notes(link)[1:]
    assert some is not None
    assert some.startswith('1 of 2 actions cannot be recognised with arms: "action a1" was recorded with')
    assert none is None, "coco has what the takes show, and arms what the other one shows"
