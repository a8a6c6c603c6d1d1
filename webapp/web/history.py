"""What was recognised: the list with its filters, one event with its replay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.db.history import Event
from webapp.services import accounts, insight
from webapp.services import history as service
from webapp.services.actions import list_actions
from webapp.services.event_sets import sets_of
from webapp.services.feedback import feedback_of
from webapp.services.permissions import may_delete_history_of, may_manage_actions_of
from webapp.services.sequence_json import sequence_to_json
from webapp.web.access import signed_in, signed_in_user
from webapp.web.answers import analysis, wants_json
from webapp.web.bodies import BodyError, page_of
from webapp.web.feedback import shown_feedback

blueprint = Blueprint("history", __name__, url_prefix="/history")


@blueprint.get("/")
@signed_in
def index() -> str | Response:
    actor = signed_in_user()
    wanted = _filter(request.args)
    page = service.list_events(actor, wanted, page_of(request.args))
    if wants_json():
        events = _shown_all(page.events)
        return jsonify(events=events, page=page.page, pages=page.pages, total=page.total)
    return render_template(
        "history/index.html",
        page_of_events=page,
        sets=sets_of(actor, wanted, page.events),
        wanted=wanted,
        action_names=service.action_names(actor),
        people=accounts.list_accounts(actor) if actor.may_act_as("coach") else [],
    )


@blueprint.get("/<event_id>")
@signed_in
def detail(event_id: str) -> str | Response:
    actor = signed_in_user()
    event = service.get_event(actor, event_id)
    if wants_json():
        return jsonify(_shown_all([event])[0])
    may_correct = may_manage_actions_of(actor, event.user_id)
    return render_template(
        "history/detail.html",
        event=event,
        feedback=feedback_of([event.id])[event.id],
        actions=list_actions(event.user) if may_correct else [],
        may_delete=may_delete_history_of(actor, event.user_id),
        may_correct=may_correct,
    )


@blueprint.get("/<event_id>/sequence")
@signed_in
def sequence(event_id: str) -> Response:
    return jsonify(sequence_to_json(service.event_sequence(signed_in_user(), event_id)))


@blueprint.get("/<event_id>/comparison")
@signed_in
def comparison(event_id: str) -> Response:
    """With one of the action's takes, joint by joint; ?take= names another than the best."""
    take_id = request.args.get("take") or None
    found = insight.comparison(signed_in_user(), analysis(), event_id, take_id)
    ids = {"event_id": event_id, "action_id": found.action_id}
    return jsonify({"bank_number": found.bank_number, **ids, **found.result})


@blueprint.get("/<event_id>/repetitions")
@signed_in
def repetitions(event_id: str) -> Response:
    """The set of repetitions that the event belongs to."""
    found = insight.repetitions(signed_in_user(), analysis(), event_id)
    return jsonify({"event_id": event_id, **found.result})


@blueprint.route("/<event_id>", methods=["DELETE"])
@blueprint.post("/<event_id>/delete", endpoint="delete_by_form")
@signed_in
def delete(event_id: str) -> Response:
    service.delete_event(signed_in_user(), event_id)
    if wants_json():
        return jsonify({})
    flash("The event is deleted.", "success")
    return redirect(url_for("history.index"))


def _filter(query: Mapping[str, str]) -> service.HistoryFilter:
    return service.HistoryFilter(
        username=query.get("person") or None,
        action_name=query.get("action") or None,
        from_day=_day(query, "from"),
        to_day=_day(query, "to"),
        min_confidence=_share(query, "min_confidence"),
    )


def _day(query: Mapping[str, str], name: str) -> dt.date | None:
    text = query.get(name, "")
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BodyError(f"{name} must be a date such as 2026-11-22, got {text!r:.40}") from error


def _share(query: Mapping[str, str], name: str) -> float | None:
    text = query.get(name, "")
    try:
        return float(text) if text else None
    except ValueError as error:
        raise BodyError(f"{name} must be a number within 0 to 1, got {text!r:.40}") from error


def _shown_all(events: Sequence[Event]) -> list[dict[str, object]]:
    said = feedback_of([event.id for event in events])
    return [_shown(event) | {"feedback": [shown_feedback(one) for one in said[event.id]]} for event in events]


def _shown(event: Event) -> dict[str, object]:
    return {
        "event_id": event.id,
        "username": event.user.username,
        "action_id": event.action_id,
        "action": event.action_name,
        "person_id": event.person_id,
        "started_at": event.started_at.isoformat(),
        "ended_at": event.ended_at.isoformat(),
        "duration_s": event.duration_s,
        "distance": event.distance,
        "threshold": event.threshold,
        "confidence": event.confidence,
        "detector": event.detector,
        "pose_model": event.pose_model,
    }
