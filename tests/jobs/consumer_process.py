"""SWEEP_EVERY_S CHILD: the consumer as it is, with short waits; CHILD is the module of its children."""

from __future__ import annotations

import sys

from tests.jobs.works import KINDS
from webapp.config import load_settings
from webapp.jobs import consumer

if __name__ == "__main__":
    consumer.SWEEP_EVERY_S = float(sys.argv[1])
    consumer.POLL_S = 0.2
    sys.exit(consumer.run_consumer(load_settings(), (sys.executable, "-m", sys.argv[2]), KINDS))
