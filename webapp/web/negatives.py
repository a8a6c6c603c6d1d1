"""Movements that are none of the person's actions: a page to look through them, one to record them, and JSON."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.db.actions import Negative
from webapp.services import negatives as service
from webapp.services.sequence_json import sequence_from_json, sequence_to_json
from webapp.web.access import signed_in, signed_in_user
from webapp.web.answers import wants_json
from webapp.web.bodies import flag_of, json_body, takes_sequences, text_of, value_of
from webapp.web.live import session_models

blueprint = Blueprint("negatives", __name__, url_prefix="/negatives")


@blueprint.get("/")
@signed_in
def index() -> str | Response:
    negatives = service.list_negatives(signed_in_user())
    events = service.events_of(negatives)
    if wants_json():
        shown = [_shown(negative, events.get(negative.id)) for negative in negatives]
        return jsonify(negatives=shown, most=service.MAX_NEGATIVES)
    return render_template("negatives/index.html", negatives=negatives, events=events, most=service.MAX_NEGATIVES)


@blueprint.get("/record")
@signed_in
def record() -> str:
    """The recording page, for movements that are no action."""
    return render_template("record/record.html", kind="negative", **session_models())


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
    enabled = flag_of(json_body(), "enabled") if request.is_json else request.form.get("enabled") == "1"
    service.set_negative_enabled(signed_in_user(), negative_id, enabled)
    return _done("The movement is used again." if enabled else "The movement is kept, but not used.")


@blueprint.route("/<negative_id>", methods=["DELETE"])
@blueprint.post("/<negative_id>/delete", endpoint="delete_by_form")
@signed_in
def delete(negative_id: str) -> Response:
    service.delete_negative(signed_in_user(), negative_id)
    return _done("The movement is deleted.")


def _done(message: str) -> Response:
    if wants_json():
        return jsonify({})
    flash(message, "success")
    return redirect(url_for("negatives.index"))


def _shown(negative: Negative, event_id: str | None) -> dict[str, object]:
    return {
        "negative_id": negative.id,
        "source": negative.source,
        "event_id": event_id,
        "duration_s": negative.duration_s,
        "frames": negative.frames,
        "detector": negative.detector,
        "pose_model": negative.pose_model,
        "enabled": negative.enabled,
        "created_at": negative.created_at.isoformat(),
    }
