"""python -m tools.test_clips: fetches four clips of people who hide each other, for the tests of identities.

They are a demo of Pose2Sim (BSD-3-Clause), taken out of its wheel on PyPI; nothing of that package is installed.
The labels of who is where are put beside them: the folder is then what `bench vision --crowd` takes.
"""

from __future__ import annotations

import shutil
import sys
from functools import partial

from tools.sample_clip import Member, SampleError, download_wheel, fetch_samples
from webapp.config import ROOT

REQUIREMENT = "pose2sim==0.10.49"
CLIPS_DIR = ROOT / "test-artefacts" / "pose2sim"
LABELS = ROOT / "tests" / "vision" / "pose2sim_people.json"
_VIDEOS = "Pose2Sim/Demo_MultiPerson/videos"
MEMBERS = (
    Member(f"{_VIDEOS}/cam01.mp4", "cam01.mp4", "543cee6a4c2c2b52dc9eac9137ee63d14f1f84e706a9a7264769edcb11e5ea53"),
    Member(f"{_VIDEOS}/cam02.mp4", "cam02.mp4", "8895092a7cf26359205a427b7ac2f4a935c2e0bd36d9b7a5140cb33faa468a6b"),
    Member(f"{_VIDEOS}/cam03.mp4", "cam03.mp4", "d3daf48cdf9f5603868ddb99166ddaf9b12279e7ce968922926560d5fd3f0c99"),
    Member(f"{_VIDEOS}/cam04.mp4", "cam04.mp4", "1490149dc40e7301fa5ceae23862b044ba5c398a8b2a40df21ed894702728c09"),
    Member(
        "pose2sim-0.10.49.dist-info/licenses/LICENSE",
        "LICENSE.pose2sim.txt",
        "7f8a9ede713463b96d261a39c3ec404748c8e4f528c795e5f8cb18898ed944cf",
    ),
)


def main() -> int:
    """Fetch the clips if they are not here, and put the labels of this checkout beside them."""
    try:
        fetch_samples(CLIPS_DIR, MEMBERS, partial(download_wheel, requirement=REQUIREMENT))
    except SampleError as error:
        print(f"The clips of several people could not be fetched ({error}): the tests of identities will be skipped")
        return 0
    shutil.copyfile(LABELS, CLIPS_DIR / "people.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
