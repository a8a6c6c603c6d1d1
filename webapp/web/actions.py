"""Actions and takes: pages for people, JSON for the page that records."""

from __future__ import annotations

import io

from flask import Blueprint, flash, jsonify, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from webapp.core.sequences import check_take
from webapp.db.actions import Action, Take
from webapp.recognition.feedback import FACTOR_MAX, FACTOR_MIN
from webapp.services import actions as service
from webapp.services import banks, insight
from webapp.services.negatives import list_negatives
from webapp.services.sequence_json import sequence_from_json, sequence_to_json
from webapp.web.access import signed_in, signed_in_user
from webapp.web.answers import analysis, wants_json
from webapp.web.bodies import BodyError, flag_of, json_body, number_of, takes_sequences, text_of, value_of

blueprint = Blueprint("actions", __name__, url_prefix="/actions")


@blueprint.get("/")
@signed_in
def index() -> str | Response:
    actions = service.list_actions(signed_in_user())
    if wants_json():
        return jsonify(actions=[_shown(action) for action in actions])
    return render_template("actions/index.html", actions=actions, negatives=list_negatives(signed_in_user()))


@blueprint.post("/")
@signed_in
def create() -> Response:
    """JSON from the recording page, or the form of the list."""
    name = text_of(json_body(), "name") if request.is_json else request.form.get("name", "")
    action, created = service.create_action(signed_in_user(), name)
    if wants_json():
        return jsonify(action_id=action.id, name=action.name, created=created)
    if not created:
        flash(f"{action.name} was there already.", "info")
    return redirect(url_for("actions.detail", action_id=action.id))


@blueprint.post("/check")
@takes_sequences
@signed_in
def check() -> Response:
    """Where the movement begins and ends in a take, and whether it will do; nothing is stored."""
    sequence = sequence_from_json(value_of(json_body(), "sequence"))
    checked = check_take(sequence)
    return jsonify(
        trim_start_s=checked.trim_start_s,
        trim_end_s=checked.trim_end_s,
        usable=checked.usable,
        reason=checked.reason,
        warnings=list(checked.warnings),
    )


@blueprint.get("/pack")
@signed_in
def pack() -> Response:
    """All of the person's actions in one file, for `recognise` on the command line."""
    content = io.BytesIO(banks.export_pack(signed_in_user()))
    return send_file(content, "application/zip", as_attachment=True, download_name="moveprint-actions.zip", max_age=0)


@blueprint.get("/health")
@blueprint.get("/<action_id>/health")
@signed_in
def health(action_id: str | None = None) -> Response:
    """How good the person's takes are (or those of the action's owner), and which actions are hard to tell apart."""
    found = insight.health(signed_in_user(), analysis(), action_id)
    return jsonify({"bank_number": found.bank_number, **found.result})


@blueprint.get("/<action_id>")
@signed_in
def detail(action_id: str) -> str | Response:
    action = service.get_action(signed_in_user(), action_id)
    if wants_json():
        return jsonify(_shown(action))
    return render_template("actions/detail.html", action=action, factors=(FACTOR_MIN, FACTOR_MAX))


@blueprint.post("/<action_id>/rename")
@signed_in
def rename(action_id: str) -> Response:
    name = text_of(json_body(), "name") if request.is_json else request.form.get("name", "")
    action = service.rename_action(signed_in_user(), action_id, name)
    return _done(f"The action is now called {action.name}.", url_for("actions.detail", action_id=action_id))


@blueprint.post("/<action_id>/options")
@signed_in
def options(action_id: str) -> Response:
    """What is named in the body is changed, the rest stays."""
    body = json_body()
    mirror = flag_of(body, "mirror") if body.get("mirror") is not None else None
    factor = number_of(body, "threshold_factor") if body.get("threshold_factor") is not None else None
    action = service.set_options(signed_in_user(), action_id, mirror, factor)
    return jsonify(mirror=action.mirror, threshold_factor=action.threshold_factor)


@blueprint.route("/<action_id>", methods=["DELETE"])
@blueprint.post("/<action_id>/delete", endpoint="delete_by_form")
@signed_in
def delete(action_id: str) -> Response:
    service.delete_action(signed_in_user(), action_id)
    return _done("The action and its takes are deleted.", url_for("actions.index"))


@blueprint.post("/<action_id>/takes")
@takes_sequences
@signed_in
def add_take(action_id: str) -> Response:
    body = json_body()
    new = service.NewTake(
        client_key=text_of(body, "client_key"),
        sequence=sequence_from_json(value_of(body, "sequence")),
        trim_start_s=number_of(body, "trim_start_s"),
        trim_end_s=number_of(body, "trim_end_s"),
        source=text_of(body, "source"),
        detector=text_of(body, "detector"),
        pose_model=text_of(body, "pose_model"),
    )
    return jsonify(take_id=service.add_take(signed_in_user(), action_id, new).id)


@blueprint.get("/<action_id>/takes/<take_id>/sequence")
@signed_in
def take_sequence(action_id: str, take_id: str) -> Response:
    """The trimmed take; ?whole=1 answers the whole recording."""
    whole = request.args.get("whole") == "1"
    return jsonify(sequence_to_json(service.take_sequence(signed_in_user(), action_id, take_id, whole)))


@blueprint.post("/<action_id>/takes/<take_id>/trim")
@signed_in
def trim_take(action_id: str, take_id: str) -> Response:
    if request.is_json:
        body = json_body()
        start_s, end_s = number_of(body, "trim_start_s"), number_of(body, "trim_end_s")
    else:
        start_s, end_s = _form_number("trim_start_s"), _form_number("trim_end_s")
    service.trim_take(signed_in_user(), action_id, take_id, start_s, end_s)
    return _done("The take is trimmed.", url_for("actions.detail", action_id=action_id))


@blueprint.post("/<action_id>/takes/<take_id>/enabled")
@signed_in
def enable_take(action_id: str, take_id: str) -> Response:
    enabled = flag_of(json_body(), "enabled") if request.is_json else request.form.get("enabled") == "1"
    service.set_take_enabled(signed_in_user(), action_id, take_id, enabled)
    message = "The take is used again." if enabled else "The take is kept, but not used."
    return _done(message, url_for("actions.detail", action_id=action_id))


@blueprint.route("/<action_id>/takes/<take_id>", methods=["DELETE"])
@blueprint.post("/<action_id>/takes/<take_id>/delete", endpoint="delete_take_by_form")
@signed_in
def delete_take(action_id: str, take_id: str) -> Response:
    service.delete_take(signed_in_user(), action_id, take_id)
    return _done("The take is deleted.", url_for("actions.detail", action_id=action_id))


def _done(message: str, next_url: str) -> Response:
    if wants_json():
        return jsonify({})
    flash(message, "success")
    return redirect(next_url)


def _form_number(name: str) -> float:
    text = request.form.get(name, "")
    try:
        return float(text)
    except ValueError as error:
        raise BodyError(f"{name} must be a number, got {text!r:.40}") from error


def _shown(action: Action) -> dict[str, object]:
    return {
        "action_id": action.id,
        "name": action.name,
        "mirror": action.mirror,
        "threshold_factor": action.threshold_factor,
        "created_at": action.created_at.isoformat(),
        "takes": [_shown_take(take) for take in action.takes],
    }


def _shown_take(take: Take) -> dict[str, object]:
    return {
        "take_id": take.id,
        "duration_s": take.duration_s,
        "frames": take.frames,
        "trim_start_s": take.trim_start_s,
        "trim_end_s": take.trim_end_s,
        "source": take.source,
        "detector": take.detector,
        "pose_model": take.pose_model,
        "enabled": take.enabled,
        "created_at": take.created_at.isoformat(),
    }
