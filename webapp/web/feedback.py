"""Feedback: its effect, applying it, undoing it. Rules and effect are the service's and the worker's affair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.db.feedback import Feedback
from webapp.recognition.feedback import Addition
from webapp.services import feedback as service
from webapp.services.feedback_case import FeedbackRequest
from webapp.services.sequence_json import sequence_from_json
from webapp.web.access import signed_in, signed_in_user
from webapp.web.answers import analysis, wants_json
from webapp.web.bodies import (
    BodyError,
    json_body,
    optional_flag_of,
    optional_id_of,
    optional_text_of,
    page_of,
    takes_sequences,
    text_of,
    whole_of,
)

blueprint = Blueprint("feedback", __name__, url_prefix="/feedback")
ADDITIONS = ("take", "negative")


@blueprint.get("/")
@signed_in
def index() -> str | Response:
    page = service.list_feedback(signed_in_user(), page_of(request.args))
    if not wants_json():
        return render_template("history/feedback.html", page_of_feedback=page)
    feedback = [shown_feedback(one) for one in page.feedback]
    return jsonify(feedback=feedback, page=page.page, pages=page.pages, total=page.total)


@blueprint.post("/preview")
@takes_sequences
@signed_in
def preview() -> Response:
    """What it would do; nothing is stored."""
    return jsonify(_shown_preview(service.preview(signed_in_user(), analysis(), _request(json_body()))))


@blueprint.post("/")
@takes_sequences
@signed_in
def apply() -> Response:
    body = json_body()
    client_key, bank_number = text_of(body, "client_key"), whole_of(body, "bank_number")
    applied = service.apply(signed_in_user(), analysis(), _request(body), client_key, bank_number)
    return jsonify(shown_feedback(applied))


@blueprint.post("/<feedback_id>/undo")
@signed_in
def undo(feedback_id: str) -> Response:
    """As JSON, or by a form that names the event whose page it is on."""
    undone = service.undo(signed_in_user(), feedback_id)
    if wants_json():
        return jsonify(shown_feedback(undone))
    flash("The feedback is undone; recognition goes by your other takes and feedback.", "success")
    if undone.event_id and request.form.get("back_to") == "event":
        return redirect(url_for("history.detail", event_id=undone.event_id))
    return redirect(url_for("feedback.index"))


def shown_feedback(feedback: Feedback) -> dict[str, object]:
    """What was applied, as JSON."""
    return {
        "feedback_id": feedback.id,
        "kind": feedback.kind,
        "event_id": feedback.event_id,
        "action": feedback.action_name,
        "right_action": feedback.right_name,
        "applied_at": feedback.applied_at.isoformat(),
        "undone_at": None if feedback.undone_at is None else feedback.undone_at.isoformat(),
        "take_id": feedback.take_id,
        "negative_id": feedback.negative_id,
        "changes": [
            {
                "action_id": tuning.action_id,
                "action": tuning.action.name,
                "bound": tuning.bound,
                "factor": tuning.factor,
                "factor_before": tuning.factor_before,
            }
            for tuning in feedback.tunings
        ],
    }


def _request(body: Mapping[str, Any]) -> FeedbackRequest:
    add = optional_text_of(body, "add")
    if add is not None and add not in ADDITIONS:
        raise BodyError(f"add must be one of {', '.join(ADDITIONS)}, or null, got {add!r:.40}")
    sequence = body.get("sequence")
    return FeedbackRequest(
        kind=text_of(body, "kind"),
        event_id=optional_id_of(body, "event_id"),
        sequence=None if sequence is None else sequence_from_json(sequence),
        action_id=optional_id_of(body, "action_id"),
        tune=optional_flag_of(body, "tune", default=True),
        add=cast("Addition | None", add),
        detector=optional_text_of(body, "detector") or "unknown",
        pose_model=optional_text_of(body, "pose_model") or "unknown",
    )


def _shown_preview(shown: service.Preview) -> dict[str, object]:
    effect = shown.effect
    return {
        "bank_number": shown.bank_number,
        "possible": effect.possible,
        "solved": effect.solved,
        "sentences": list(shown.sentences),
        "changes": [asdict(change) for change in effect.changes],
        "lost_events": [_shown_event(event) for event in shown.events if event.after is None],
        "gained_events": [_shown_event(event) for event in shown.events if event.before is None],
        "changed_events": [_shown_event(event) for event in shown.events if None not in {event.before, event.after}],
        "lost_takes": [
            {"action_id": take.action_id, "action": shown.names.get(take.action_id), "take_id": take.take_id}
            for take in effect.lost_takes
        ],
        "checked_events": effect.checked_events,
        "checked_takes": effect.checked_takes,
        "suggestion": effect.suggestion,
    }


def _shown_event(event: service.JudgedEvent) -> dict[str, object]:
    return {
        "event_id": event.event_id,
        "action": event.action,
        "started_at": event.started_at.isoformat(),
        "before": event.before,
        "after": event.after,
    }
