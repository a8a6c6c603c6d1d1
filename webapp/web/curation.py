"""Looking over a dataset: the grid, the statistics, its versions."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.core.skeleton_json import skeleton_to_json
from webapp.db.datasets import PICTURE_SOURCES, Dataset
from webapp.services import dataset_facets, jobs, label_glances
from webapp.services.dataset_access import dataset_for, level_of, skeleton_of
from webapp.services.dataset_jobs import teachers
from webapp.services.dataset_warnings import dataset_warnings
from webapp.services.samples import ORDERS
from webapp.web.access import signed_in, signed_in_user
from webapp.web.bodies import BodyError

blueprint = Blueprint("curation", __name__, url_prefix="/datasets/<dataset_id>")
CHOICES = {"orders": ORDERS, "sources": PICTURE_SOURCES}


@blueprint.get("/pictures")
@signed_in
def grid(dataset_id: str) -> str:
    actor = signed_in_user()
    dataset = dataset_for(actor, dataset_id, "look")
    return _page("grid", dataset, pose_models=teachers(actor, dataset), running_job=_curating(dataset), **CHOICES)


@blueprint.get("/pictures/facets")
@signed_in
def facets(dataset_id: str) -> Response:
    """What there is to filter by, with counts, and a typical label for each group of poses."""
    found = dataset_facets.facets(signed_in_user(), dataset_id)
    return jsonify(
        total=found.total,
        states=found.states,
        people=[{"person_id": key, "name": name, "samples": count} for key, name, count in found.people],
        nobody=found.nobody,
        sources=[{"source": source, "samples": count} for source, count in found.sources],
        sessions=[{"session": session, "samples": count} for session, count in found.sessions],
        splits=found.splits,
        pose_groups=[{"pose_group": group, "samples": count, "points": points} for group, count, points in found.poses],
        labelled=found.labelled,
        curated=found.curated,
        outliers=found.outliers,
    )


@blueprint.get("/pictures/glances")
@signed_in
def glances(dataset_id: str) -> Response:
    """Labels as they are drawn over thumbnails, by position: ?positions=1,2,3."""
    found = label_glances.glances(signed_in_user(), dataset_id, _positions())
    return jsonify(glances={str(glance.position): _glance(dataset_id, glance) for glance in found})


@blueprint.get("/statistics")
@signed_in
def statistics(dataset_id: str) -> str:
    dataset = dataset_for(signed_in_user(), dataset_id, "look")
    return _page("statistics", dataset, warnings=dataset_warnings(dataset.id))


@blueprint.get("/versions")
@signed_in
def versions(dataset_id: str) -> str:
    return _page("versions", dataset_for(signed_in_user(), dataset_id, "look"))


def _page(name: str, dataset: Dataset, **more: object) -> str:
    level = level_of(signed_in_user(), dataset)
    return render_template(
        f"curation/{name}.html",
        dataset=dataset,
        level=level,
        may_label=level != "look",
        may_edit=level in {"edit", "own"},
        skeleton=skeleton_to_json(skeleton_of(dataset)),
        **more,
    )


def _curating(dataset: Dataset) -> str | None:
    """The job that looks for outliers just now."""
    of_dataset = jobs.jobs_of(signed_in_user(), dataset.id)
    return next((job.id for job in of_dataset if job.kind == "curate" and job.state in jobs.UNENDED), None)


def _positions() -> list[int]:
    texts = request.args.get("positions", "").split(",")
    if not all(text.isascii() and text.isdecimal() and len(text) <= 9 for text in texts):
        raise BodyError(f"positions must be whole numbers with commas between them, got {','.join(texts)!r:.60}")
    return [int(text) for text in texts]


def _glance(dataset_id: str, glance: label_glances.Glance) -> dict[str, object]:
    thumbnail_url = url_for("samples.thumbnail", dataset_id=dataset_id, sample_id=glance.sample_id, v=glance.revision)
    return {"sample_id": glance.sample_id, "points": glance.points, "thumbnail_url": thumbnail_url}
