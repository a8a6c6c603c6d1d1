"""Which models one session is to have, and which answer it: the bus's book-keeping, without sockets."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.pipeline.messages import LoadedModels, ModelChoice, ModelsReady, ModelsRefused


@dataclass(frozen=True)
class _Wanted:
    """own: its browser chose them; else they are the installation's."""

    models: ModelChoice | None
    own: bool = False


class SessionModels:
    """`None` as a choice stands for what the worker's own settings name."""

    def __init__(self, active: ModelChoice | None) -> None:
        self._active = active
        self._settled = _Wanted(active)
        self._asked: _Wanted | None = None
        self.loaded: LoadedModels | None = None
        """What answers the session; None for what its worker loaded by its own settings."""

    @property
    def settled(self) -> ModelChoice | None:
        """What the session has: a worker that takes it over begins with it."""
        return self._settled.models

    @property
    def is_waiting(self) -> bool:
        """Whether a worker has still to say what becomes of the newest wish."""
        return self._asked is not None

    @property
    def wanted(self) -> ModelChoice | None:
        """The newest wish, settled or not."""
        return (self._asked or self._settled).models

    def choose(self, models: ModelChoice | None) -> None:
        """The browser's wish; None: what the installation uses. A worker has to be asked."""
        self._asked = _Wanted(self._active) if models is None else _Wanted(models, own=True)

    def follow_installation(self, active: ModelChoice | None) -> bool:
        """The installation uses other models now. Whether a worker has to be asked."""
        self._active = active
        newest = self._asked or self._settled
        if newest.own or newest.models == active:
            return False
        self._asked = _Wanted(active)
        return True

    def settle(self) -> None:
        """There is no worker to ask: what takes the session over begins with the newest wish."""
        if self._asked is not None:
            self._settled, self._asked = self._asked, None

    def ready(self, answer: ModelsReady) -> None:
        self.loaded = answer.models
        if self._asked is not None and self._asked.models == answer.asked:
            self.settle()

    def refused(self, answer: ModelsRefused) -> None:
        """The session goes on with what it has; where it was to begin with these, with the worker's own."""
        if self._asked is not None and self._asked.models == answer.asked:
            self._asked = None
        elif self._settled.models == answer.asked:
            self._settled = _Wanted(self._active if self._settled.own else None)
