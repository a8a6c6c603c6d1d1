"""The page on which pictures are labelled and reviewed, and where its neighbouring pictures are."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template, request
from werkzeug.wrappers import Response

from webapp.core.skeleton_json import skeleton_to_json
from webapp.services.dataset_access import dataset_for, level_of, skeleton_of
from webapp.services.sample_places import STEPS, sample_at, sample_beside
from webapp.web.access import signed_in, signed_in_user
from webapp.web.bodies import BodyError

blueprint = Blueprint("labelling", __name__, url_prefix="/datasets/<dataset_id>/label")
MAX_POSITION = 10**9


@blueprint.get("")
@signed_in
def label(dataset_id: str) -> str:
    """Everything on it is fetched by its script; ?sample=ID is shown first. Who may only look sees it without tools."""
    actor = signed_in_user()
    dataset = dataset_for(actor, dataset_id, "look")
    level = level_of(actor, dataset)
    return render_template(
        "labelling/label.html",
        dataset=dataset,
        level=level,
        can_label=level != "look",
        skeleton=skeleton_to_json(skeleton_of(dataset)),
        user_id=actor.id,
    )


@blueprint.get("/places")
@signed_in
def places(dataset_id: str) -> Response:
    """{sample_id} of the sample at ?position=N, or beside ?of=ID by ?step=; null where there is none."""
    actor, query = signed_in_user(), request.args
    if "position" in query:
        return jsonify(sample_id=sample_at(actor, dataset_id, _position(query["position"])))
    step = query.get("step", "")
    if step not in STEPS:
        raise BodyError(f"step must be one of {', '.join(STEPS)}, got {step!r:.40}")
    return jsonify(sample_id=sample_beside(actor, dataset_id, query.get("of", ""), step))


def _position(text: str) -> int:
    if not text.isdecimal() or int(text[:10]) > MAX_POSITION:
        raise BodyError(f"position must be a whole number up to {MAX_POSITION}, got {text!r:.40}")
    return int(text[:10])
