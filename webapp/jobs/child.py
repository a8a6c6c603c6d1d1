"""`python -m webapp.jobs.child JOB ATTEMPT HOLDER`: one job in a process of its own, started by the consumer.

What a job brings down is this process alone. It ends with the consumer, however that ends (webapp.lifeline).
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Mapping, Sequence
from types import FrameType

from webapp.config import load_settings
from webapp.db.standalone import database_app
from webapp.jobs.claims import Claim
from webapp.jobs.registry import KINDS, Kind
from webapp.jobs.running import run_claimed
from webapp.lifeline import end_with_parent


def main(arguments: Sequence[str], kinds: Mapping[str, Kind] = KINDS) -> int:
    """Run it; 0 where its row says how it ended or it is another's."""
    end_with_parent()
    signal.signal(signal.SIGTERM, _leave)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    job_id, attempt, holder = arguments
    settings = load_settings()
    with database_app(settings).app_context():
        run_claimed(settings, Claim(job_id, int(attempt), holder), kinds=kinds)
    return 0


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)  # transactions roll back on their way out


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
