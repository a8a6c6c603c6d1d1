"""How a command and the process that started it know of each other's death.

`python -m webapp.lifeline MODULE ARGUMENTS...` runs any module so that it ends with its parent.
"""

from __future__ import annotations

import _thread
import ctypes
import os
import runpy
import signal
import sys
from collections.abc import Callable

HEARTBEAT = "."
"""A line of standard output that means: the working loop has come round."""

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """From now on this process ends when its standard input does, however the parent that held it died.

    To be called before eventlet patches anything: the wait is a bare thread of the operating system, which works while
    the main thread is busy or stuck.
    """
    if sys.platform == "linux":  # also ends a process that is stopped and cannot notice anything
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _thread.start_new_thread(_wait_for_end, (sys.stdin.fileno(), os.read, os._exit))


def beat() -> None:
    """Tell the supervisor that the working loop goes round."""
    sys.stdout.write(HEARTBEAT + "\n")
    sys.stdout.flush()


def _wait_for_end(descriptor: int, read: Callable[[int, int], bytes], leave: Callable[[int], object]) -> None:
    # read and leave are passed in, since eventlet may have replaced os.read by the time it is called again
    try:
        while read(descriptor, 1):
            pass
    finally:
        leave(0)


if __name__ == "__main__":
    end_with_parent()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
