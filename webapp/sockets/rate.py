"""How often something may happen: a bucket that fills at a steady rate."""

from __future__ import annotations

from collections.abc import Callable


class RateLimit:
    """At most rate_per_s a second in the long run, and as many at once after a pause."""

    def __init__(self, rate_per_s: int, clock: Callable[[], float]) -> None:
        self._rate_per_s = rate_per_s
        self._clock = clock
        self._tokens = float(rate_per_s)
        self._filled_s = clock()

    def allows(self) -> bool:
        """Whether one more may happen now; a yes counts it."""
        now_s = self._clock()
        self._tokens = min(self._rate_per_s, self._tokens + (now_s - self._filled_s) * self._rate_per_s)
        self._filled_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
