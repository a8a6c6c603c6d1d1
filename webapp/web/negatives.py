"""Movements that are none of the person's actions, as JSON."""

from __future__ import annotations

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from webapp.db.actions import Negative
from webapp.services import negatives as service
from webapp.services.sequence_json import sequence_from_json, sequence_to_json
from webapp.web.access import signed_in, signed_in_user
from webapp.web.bodies import flag_of, json_body, takes_sequences, text_of, value_of

blueprint = Blueprint("negatives", __name__, url_prefix="/negatives")


@blueprint.get("/")
@signed_in
def index() -> Response:
    negatives = service.list_negatives(signed_in_user())
    return jsonify(negatives=[_shown(negative) for negative in negatives], most=service.MAX_NEGATIVES)


@blueprint.post("/")
@takes_sequences
@signed_in
def add() -> Response:
    body = json_body()
    new = service.NewNegative(
        client_key=text_of(body, "client_key"),
        sequence=sequence_from_json(value_of(body, "sequence")),
        source=text_of(body, "source"),
        detector=text_of(body, "detector"),
        pose_model=text_of(body, "pose_model"),
    )
    return jsonify(negative_id=service.add_negative(signed_in_user(), new).id)


@blueprint.get("/<negative_id>/sequence")
@signed_in
def sequence(negative_id: str) -> Response:
    return jsonify(sequence_to_json(service.negative_sequence(signed_in_user(), negative_id)))


@blueprint.post("/<negative_id>/enabled")
@signed_in
def enable(negative_id: str) -> Response:
    service.set_negative_enabled(signed_in_user(), negative_id, flag_of(json_body(), "enabled"))
    return jsonify({})


@blueprint.route("/<negative_id>", methods=["DELETE"])
@signed_in
def delete(negative_id: str) -> Response:
    service.delete_negative(signed_in_user(), negative_id)
    return jsonify({})


def _shown(negative: Negative) -> dict[str, object]:
    return {
        "negative_id": negative.id,
        "source": negative.source,
        "duration_s": negative.duration_s,
        "frames": negative.frames,
        "detector": negative.detector,
        "pose_model": negative.pose_model,
        "enabled": negative.enabled,
        "created_at": negative.created_at.isoformat(),
    }
