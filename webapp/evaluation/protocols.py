"""Every protocol by its name: made ready for a dataset, so that what does not apply is known before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from webapp.core.errors import InvalidInputError
from webapp.evaluation import closed_set, open_set, stream
from webapp.evaluation.datasets import Dataset
from webapp.evaluation.methods import DefaultMethod, Method
from webapp.evaluation.options import PROTOCOLS, TEMPLATES
from webapp.evaluation.reference import ReferenceMethod
from webapp.evaluation.results import Confusions, Figures, OpenSetAnswers, Result, Watched
from webapp.evaluation.workers import Workers

SEED = 1
"""All draws come from it."""


def method_of(name: str, dataset: Dataset, workers: Workers) -> Method:
    """The method `default` or `reference` over a dataset."""
    return ReferenceMethod(dataset, workers) if name == "reference" else DefaultMethod(dataset, workers)


@dataclass(frozen=True)
class Plan:
    """A protocol made ready for a dataset. templates: of stream alone."""

    dataset: Dataset
    protocol: str
    templates: str | None
    measure: Callable[[Method], tuple[Figures, Confusions | OpenSetAnswers | Watched]]

    def run(self, method_name: str, method: Method) -> Result:
        """What the method of this name does by it."""
        figures, detail = self.measure(method)
        return Result(self.dataset.name, self.protocol, method_name, SEED, figures, detail, self.templates)


def plans(dataset: Dataset, protocol: str, templates: str | None) -> list[Plan]:
    """The plan of one protocol, InvalidInputError where it does not apply; of `all` the plans of those that do.

    templates: `others` or `same` of stream; None is others, with `all` both.
    """
    if protocol != "all":
        return [_plan(dataset, protocol, templates or "others")]
    asked = [(name, "others") for name in PROTOCOLS if name != "stream"]
    asked += [("stream", kind) for kind in (TEMPLATES if templates is None else (templates,))]
    ready = []
    for name, kind in asked:
        with suppress(InvalidInputError):  # it does not apply
            ready.append(_plan(dataset, name, kind))
    return ready


def _plan(dataset: Dataset, protocol: str, templates: str) -> Plan:
    if protocol == "stream":
        recordings = stream.recordings(dataset, templates)
        return Plan(dataset, protocol, templates, partial(stream.measure, dataset, recordings))
    if protocol in closed_set.TRIALS_OF:
        trials = closed_set.TRIALS_OF[protocol](dataset)
        return Plan(dataset, protocol, None, partial(closed_set.measure, dataset, trials))
    drawn = open_set.draws(dataset, SEED, from_one_person=protocol == "open-set-one-person")
    return Plan(dataset, protocol, None, partial(open_set.measure, dataset, drawn))
