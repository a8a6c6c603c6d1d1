"""Every protocol by its name: which apply to a dataset, and running one."""

from __future__ import annotations

from functools import partial

from webapp.core.errors import InvalidInputError
from webapp.evaluation import closed_set, open_set, stream
from webapp.evaluation.datasets import Dataset
from webapp.evaluation.methods import DefaultMethod, Method
from webapp.evaluation.options import PROTOCOLS, TEMPLATES
from webapp.evaluation.reference import ReferenceMethod
from webapp.evaluation.results import Result
from webapp.evaluation.workers import Workers

SEED = 1
"""All draws come from it."""


def method_of(name: str, dataset: Dataset, workers: Workers) -> Method:
    """The method `default` or `reference` over a dataset."""
    return ReferenceMethod(dataset, workers) if name == "reference" else DefaultMethod(dataset, workers)


def run_protocol(dataset: Dataset, protocol: str, method_name: str, method: Method, templates: str) -> Result:
    """One protocol; InvalidInputError where it does not apply. templates: of stream alone."""
    result = partial(Result, dataset.name, protocol, method_name, SEED)
    if protocol == "stream":
        return result(*stream.measure(dataset, stream.recordings(dataset, templates), method), templates)
    if protocol in closed_set.TRIALS_OF:
        return result(*closed_set.measure(dataset, closed_set.TRIALS_OF[protocol](dataset), method))
    from_one_person = protocol == "open-set-one-person"
    return result(*open_set.measure(dataset, open_set.draws(dataset, SEED, from_one_person=from_one_person), method))


def applicable(dataset: Dataset, templates: str | None) -> list[tuple[str, str]]:
    """Every protocol that applies, with its kind of templates: of stream both, or the one given."""
    wanted = [(protocol, kind) for protocol in PROTOCOLS for kind in _kinds(protocol, templates)]
    return [(protocol, kind) for protocol, kind in wanted if _applies(dataset, protocol, kind)]


def _kinds(protocol: str, templates: str | None) -> tuple[str, ...]:
    if protocol != "stream":
        return ("others",)
    return TEMPLATES if templates is None else (templates,)


def _applies(dataset: Dataset, protocol: str, templates: str) -> bool:
    try:
        if protocol == "stream":
            stream.recordings(dataset, templates)
        elif protocol in closed_set.TRIALS_OF:
            closed_set.TRIALS_OF[protocol](dataset)
        else:
            open_set.draws(dataset, SEED, from_one_person=protocol == "open-set-one-person")
    except InvalidInputError:
        return False
    return True
