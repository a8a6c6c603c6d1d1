"""Which models one session is to have, and which answer it: the bus's book-keeping, without sockets."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.pipeline.messages import LoadedModels, ModelChoice, ModelsReady, ModelsRefused

MOST_LOST = 2
"""Workers lost over the same models, which are then given up: what ends a worker as it loads would end each one."""


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
        self._is_loading = False
        self._lost = 0
        self.loaded: LoadedModels | None = None
        """What answers the session; None for what its worker loaded by its own settings."""
        self.has_note = False
        """Whether its browser shows which actions cannot be recognised."""

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
        self._ask(_Wanted(self._active) if models is None else _Wanted(models, own=True))

    def follow_installation(self, active: ModelChoice | None) -> bool:
        """The installation uses other models now. Whether a worker has to be asked."""
        self._active = active
        newest = self._asked or self._settled
        if newest.own or newest.models == active:
            return False
        self._ask(_Wanted(active))
        return True

    def begin(self) -> ModelChoice | None:
        """A worker takes the session over, with what is settled; answers what is given up, as the next try would be
        the third, else None.
        """
        self.loaded, given_up = None, None
        self._lost += self._is_loading
        if self._lost >= MOST_LOST:
            given_up, self._lost = self.wanted, 0
            self._settled = self._settled if self._asked else self._instead()
            self._asked = None
        self._is_loading = self.wanted is not None
        return given_up

    def settle(self) -> None:
        """There is no worker to ask: what takes the session over begins with the newest wish."""
        self._heard()
        if self._asked is not None:
            self._settled, self._asked = self._asked, None

    def ready(self, answer: ModelsReady) -> None:
        self.loaded = answer.models
        if self.wanted == answer.asked:
            self.settle()

    def refused(self, answer: ModelsRefused) -> bool:
        """The session goes on with what it has, or, where it was to begin with these, with the worker's own until it
        has those of the installation. Whether a worker has to be asked for them.
        """
        if self.wanted != answer.asked:
            return False
        self._heard()
        if self._asked is not None:
            if not self._asked.own:  # it gave its own choice up: the next change of the installation is for it too
                self._settled = _Wanted(self._settled.models)
            self._asked = None
            return False
        instead, self._settled = self._instead(), _Wanted(None)
        if instead.models is None:
            return False
        self._ask(instead)
        return True

    def _instead(self) -> _Wanted:
        """What a session has that cannot have what it had."""
        return _Wanted(self._active if self._settled.own else None)

    def _ask(self, wanted: _Wanted) -> None:
        self._asked, self._is_loading, self._lost = wanted, True, 0

    def _heard(self) -> None:
        self._is_loading, self._lost = False, 0
