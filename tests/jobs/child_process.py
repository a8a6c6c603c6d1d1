"""A child process of the consumer that does the work of the tests."""

from __future__ import annotations

import sys

from tests.jobs.works import KINDS
from webapp.jobs.child import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], KINDS))
