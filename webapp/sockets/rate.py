"""How often something may happen: a bucket that fills at a steady rate."""

from __future__ import annotations

from collections.abc import Callable


class RateLimit:
    """At most rate_per_s a second in the long run, and after a pause `burst` at once (default: a second's worth)."""

    def __init__(self, rate_per_s: int, clock: Callable[[], float], burst: int | None = None) -> None:
        self._rate_per_s = rate_per_s
        self._clock = clock
        self._burst = float(burst or rate_per_s)
        self._tokens = self._burst
        self._filled_s = clock()

    def allows(self, count: int = 1) -> bool:
        """Whether so many more may happen now; a yes counts them."""
        now_s = self._clock()
        self._tokens = min(self._burst, self._tokens + (now_s - self._filled_s) * self._rate_per_s)
        self._filled_s = now_s
        if self._tokens < count:
            return False
        self._tokens -= count
        return True
