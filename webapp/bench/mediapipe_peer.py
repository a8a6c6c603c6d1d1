"""MediaPipe's own pose solution, run in its own virtual environment: one round of pictures per line of input.

Run by `bench vision --peer-python`, with nothing of this project: PYTHON mediapipe_peer.py FOLDER_OF_JPEGS.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def main(folder: str) -> None:
    """For each line of standard input one JSON object: of each picture the milliseconds and the keypoints.

    Keypoints are [[x, y], ...] in pixels, null where nobody was found; not smoothed over time, as ours are not.
    """
    import cv2
    import mediapipe  # type: ignore[import-not-found]  # installed only in the peer's environment

    pose: Any = mediapipe.solutions.pose.Pose(model_complexity=1, smooth_landmarks=False)
    pictures: list[Any] = [cv2.imread(str(path)) for path in sorted(Path(folder).iterdir())]
    for _ in sys.stdin:
        times_ms, keypoints_px = [], []
        for picture in pictures:
            started = time.perf_counter()
            found = pose.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)).pose_landmarks
            times_ms.append((time.perf_counter() - started) * 1000)
            height, width = picture.shape[:2]
            keypoints_px.append(found and [[point.x * width, point.y * height] for point in found.landmark])
        print(json.dumps({"times_ms": times_ms, "keypoints_px": keypoints_px}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
