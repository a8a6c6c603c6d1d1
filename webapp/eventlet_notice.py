"""What eventlet prints when it is imported, kept off the terminal."""

from __future__ import annotations

import warnings


def silence_eventlet() -> None:
    """Keep off the terminal that eventlet is in bugfix mode, which it says at import; threading is the way out."""
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
