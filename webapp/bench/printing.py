"""What a measurement says on the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping


def print_measured(measured: Mapping[str, float | str], as_json: bool, words: str = "") -> None:
    """A table, what it means, and as the last line one flat object where that is asked for."""
    width = max(map(len, measured), default=0)
    for name, value in measured.items():
        print(f"{name:{width}} {value}")
    if words:
        print(words)
    if as_json:
        print(json.dumps(measured))
