"""A process that does one import and may be killed at any moment, or has a disk that takes no large file."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from webapp.config import Settings
from webapp.db.standalone import database_app
from webapp.jobs import imports
from webapp.jobs.claims import claim
from webapp.jobs.running import run_claimed


def main() -> None:
    """Arguments: the instance directory, the job, items of one transaction, bytes of the largest file or 0."""
    instance_dir, job_id, batch, largest = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    settings = Settings(instance_dir=instance_dir, detector="whole_frame")
    imports.BATCH = batch
    if largest:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    with database_app(settings).app_context():
        held = claim(job_id)
        assert held is not None
        run_claimed(settings, held)


if __name__ == "__main__":
    main()
