"""aeon's dynamic time warping, run in its own virtual environment: one round per line of input.

Run by `bench dtw --peer-python`, with nothing of this project: PYTHON aeon_peer.py ARRAYS.npz CALLS. Its distance adds
squares of Euclidean frame distances, and cannot be told otherwise: as much work without the roots.
"""

from __future__ import annotations

import json
import sys
import time


def main(arrays: str, calls: int) -> None:
    """For each line of standard input a JSON list: the milliseconds of each of so many calls."""
    import numpy as np
    from aeon.distances import dtw_distance

    with np.load(arrays) as data:  # aeon wants (D, T)
        query = np.ascontiguousarray(data["query"].T, np.float64)
        templates = [np.ascontiguousarray(template.T, np.float64) for template in data["templates"]]
    for _ in sys.stdin:
        times_ms = []
        for _ in range(calls):
            started = time.perf_counter()
            for template in templates:
                dtw_distance(query, template)
            times_ms.append((time.perf_counter() - started) * 1000)
        print(json.dumps(times_ms), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
