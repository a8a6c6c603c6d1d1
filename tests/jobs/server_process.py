"""SWEEP_EVERY_S CHILD: the supervisor's own way of keeping the consumer of the tests running, until it is killed."""

from __future__ import annotations

import sys
import time

from webapp.supervisor import LOOK_EVERY_S, Child

if __name__ == "__main__":
    consumer = Child("job consumer", (sys.executable, "-m", "tests.jobs.consumer_process", *sys.argv[1:]), True)
    while True:
        consumer.look(time.monotonic())
        time.sleep(LOOK_EVERY_S)
