"""MediaPipe's own pose solution, timed in its own virtual environment: one round of pictures per line of input.

Run by `bench vision --peer-python`, with nothing of this project: PYTHON mediapipe_peer.py FOLDER_OF_JPEGS.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any


def main(folder: str) -> None:
    """For each line of standard input the milliseconds of each picture, separated by blanks."""
    import cv2
    import mediapipe  # type: ignore[import-not-found]  # installed only in the peer's environment

    pose: Any = mediapipe.solutions.pose.Pose(model_complexity=1)
    pictures = [cv2.imread(str(path)) for path in sorted(Path(folder).iterdir())]
    for _ in sys.stdin:
        times_ms = []
        for picture in pictures:
            started = time.perf_counter()
            pose.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
            times_ms.append((time.perf_counter() - started) * 1000)
        print(*times_ms, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
