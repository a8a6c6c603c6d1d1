"""What is told about a moment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.recognition.figures import HEIGHT_PX, action, jumping_jack, perform, poses
from webapp.core.skeleton import COCO_17
from webapp.recognition.spotter import StreamRecogniser
from webapp.recognition.template_bank import prepare_bank


def test_a_moving_person_whose_limbs_are_seen_by_turns_is_not_called_still() -> None:
    bank = prepare_bank([action("jumping jack", perform((jumping_jack, 1.5)))])
    stream = perform((jumping_jack, 1.5), (jumping_jack, 1.5))
    scores = stream.scores.copy()
    for keypoint, name in enumerate(COCO_17.keypoints):
        if name.endswith(("elbow", "wrist", "knee", "ankle")):
            scores[(np.arange(len(scores)) // 12) % 2 == keypoint % 2, keypoint] = 0
    recogniser = StreamRecogniser(bank)
    answers = [
        recogniser.update(pose, HEIGHT_PX, time_s) for pose, time_s in poses(replace(stream, scores=scores)) if time_s
    ]
    assert [answer.reason for answer in answers[25:]].count("too still") == 0
