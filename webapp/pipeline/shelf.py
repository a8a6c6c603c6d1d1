"""The models that sessions ask for, loaded beside the working loop: that takes seconds, in which frames go on."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from weakref import WeakValueDictionary

from webapp.core.errors import MoveprintError
from webapp.pipeline.messages import ModelChoice
from webapp.pipeline.models import Models

KEPT = 3
FAILED = "these models could not be loaded; the worker's log says why"
_log = logging.getLogger(__name__)

Load = Callable[[ModelChoice], Models]


class ModelShelf:
    """One thread that loads; sessions with the same choice share what it has loaded.

    Of the models that no session uses any more, those used last are kept, together at most `kept`.
    """

    def __init__(self, load: Load, kept: int = KEPT) -> None:
        self._load = load
        self._kept = kept
        self._in_use: WeakValueDictionary[ModelChoice, Models] = WeakValueDictionary()
        self._recent: OrderedDict[ModelChoice, Models] = OrderedDict()
        self._wanted: OrderedDict[ModelChoice, None] = OrderedDict()
        self._loading: ModelChoice | None = None
        self._settled: list[tuple[ModelChoice, Models | str]] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._load_for_ever, name="models", daemon=True).start()

    def get(self, choice: ModelChoice) -> Models | None:
        """The models where they are loaded already; else they are loaded next, and take_settled tells."""
        with self._changed:
            models = self._in_use.get(choice)
            if models is None:
                self._wanted[choice] = None
                self._changed.notify()
            else:
                self._keep(choice, models)
        return models

    def want_only(self, choices: Collection[ModelChoice | None]) -> None:
        """Nobody waits for other models any more: those are not loaded, but for what is being loaded now."""
        with self._changed:
            for choice in [each for each in self._wanted if each not in choices and each != self._loading]:
                del self._wanted[choice]

    def take_settled(self) -> Sequence[tuple[ModelChoice, Models | str]]:
        """What has become of choices since the last call: the models, or why they cannot be had, as a sentence."""
        with self._changed:
            settled, self._settled = self._settled, []
        return settled

    def _load_for_ever(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted)
                choice = self._loading = next(iter(self._wanted))
            result = self._loaded(choice)
            with self._changed:
                self._loading = None
                del self._wanted[choice]  # only now: who asks meanwhile is told too, and nothing is loaded twice
                if isinstance(result, Models):
                    self._keep(choice, result)
                self._settled.append((choice, result))
            del result  # or the last models would live on after all who use them

    def _loaded(self, choice: ModelChoice) -> Models | str:
        try:
            return self._load(choice)
        except MoveprintError as error:
            return str(error)
        except Exception:  # noqa: BLE001 whatever a model file does to its reader, the next choice must still be loaded
            _log.exception("%s with %s could not be loaded", choice.pose_model, choice.detector)
            return FAILED

    def _keep(self, choice: ModelChoice, models: Models) -> None:
        self._in_use[choice] = models
        self._recent[choice] = models
        self._recent.move_to_end(choice)
        while len(self._recent) > self._kept:
            self._recent.popitem(last=False)
