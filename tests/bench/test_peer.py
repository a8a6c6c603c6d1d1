"""The peer beside ours: what it answers is read, and how far apart the keypoints lie is said in torsos."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from webapp.bench.peer import Peer, keypoint_difference_torso
from webapp.core.records import Pose
from webapp.core.skeleton import BLAZEPOSE_33

PEER = """#!{python}
import json, sys
for _ in sys.stdin:
    print(json.dumps({{"times_ms": [7.0, 8.0], "keypoints_px": [None, [[1, 2]] * 33]}}), flush=True)
"""


def standing() -> Pose:
    """A torso of 100 px: shoulders above hips."""
    points_px = np.zeros((33, 2), np.float32)
    for side in ("left", "right"):
        points_px[BLAZEPOSE_33.index[f"{side}_hip"]] = (0, 100)
    return Pose(BLAZEPOSE_33, points_px, np.ones(33, np.float32), 1.0)


def test_the_difference_is_the_median_in_torsos_of_what_both_saw() -> None:
    pose = standing()
    theirs = pose.keypoints_px + np.array([3, 4], np.float32)
    theirs[0] += 500  # one joint gone astray

    assert keypoint_difference_torso([pose, None, pose], [theirs, theirs, None]) == pytest.approx(0.05)


def test_where_never_both_saw_somebody_there_is_no_difference() -> None:
    assert math.isnan(keypoint_difference_torso([None], [None]))


@pytest.mark.skipif(sys.platform == "win32", reason="a script of POSIX")
def test_a_round_gives_times_and_keypoints_of_every_picture(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(PEER.format(python=sys.executable))
    python.chmod(0o755)

    with Peer(python, [b"one", b"two"]) as peer:
        answer = peer.round()
        step_ms = [peer.step(None) for _ in range(3)]

    assert answer.keypoints_px[0] is None
    assert answer.keypoints_px[1] is not None
    assert answer.keypoints_px[1].shape == (33, 2)
    assert step_ms == [7.0, 8.0, 7.0]
