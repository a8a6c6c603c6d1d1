"""One thing that `doctor` looked at, and the table of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """One thing looked at; remedy is a command or a sentence, empty where all is well."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def table(checks: Sequence[Check]) -> str:
    """One line a check, a second one with the remedy, and a sum at the end."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{check.state:<4}  {check.name:<{width}}  {check.detail}")
        if check.remedy:
            lines.append(f"{'':<4}  {'':<{width}}  -> {check.remedy}")
    failed, warned = (sum(check.state == state for check in checks) for state in ("fail", "warn"))
    lines.append(f"{failed} failed, {warned} to know about" if failed or warned else "All is well.")
    return "\n".join(lines)
