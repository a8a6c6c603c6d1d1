"""Detectors and pose models: what is installed, what is used, how fast each is; switching and going back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.core.errors import InvalidInputError, sentence
from webapp.db.accounts import User
from webapp.db.models import ModelSpeed
from webapp.pipeline.messages import ModelChoice
from webapp.services import model_speeds
from webapp.services import models as service
from webapp.services.model_versions import list_versions, metrics_of
from webapp.services.models import Selection
from webapp.vision.catalogue import ModelEntry
from webapp.web.access import needs_role, signed_in, signed_in_user
from webapp.web.answers import analysis, wants_json
from webapp.web.bodies import BodyError, json_body, optional_text_of, text_of, whole_of

blueprint = Blueprint("models", __name__, url_prefix="/models")


@dataclass(frozen=True)
class ShownModel:
    """A model as the page shows it.

    active: it is what the installation uses; other_actions: how many actions it cannot recognise, None for who may not
    know.
    """

    entry: ModelEntry
    active: bool
    speeds: Sequence[ModelSpeed]
    other_actions: int | None


@blueprint.get("/")
@signed_in
def index() -> str | Response:
    actor = signed_in_user()
    now, models = service.selection(), _shown_models()
    may_change = actor.may_act_as("admin")
    if wants_json():
        return jsonify(**_selection(now), models=[_model(model, may_change) for model in models])
    by_role = {role: [model for model in models if model.entry.role == role] for role in ("pose", "detector")}
    origins = {one.version.pose_model: one.version for one in list_versions(actor)}
    active = {role: next((model for model in of_role if model.active), None) for role, of_role in by_role.items()}
    return render_template(
        "models/index.html",
        now=now,
        by_role=by_role,
        active=active,
        others={model.entry.name: model.other_actions for model in by_role["pose"] if model.other_actions},
        may_change=may_change,
        origins=origins,
        verdicts={name: metrics_of(version) for name, version in origins.items()},
        past=service.past_choices(actor) if may_change else (),
        weights_dir=service.weights_dir() if may_change else None,
        sentence=sentence,
    )


@blueprint.post("/active")
@needs_role("admin")
def choose() -> Response:
    detector, pose_model = _wanted("detector"), _wanted("pose_model")
    number = selection_number()
    return _changed(
        lambda: service.choose(signed_in_user(), detector, pose_model, number=number),
        "From now on {0.pose_model} is used, with the detector {0.detector}.",
    )


@blueprint.post("/roll-back")
@needs_role("admin")
def roll_back() -> Response:
    number = selection_number()
    return _changed(
        lambda: service.roll_back(signed_in_user(), number=number),
        "Back to {0.pose_model} with the detector {0.detector}.",
    )


@blueprint.post("/as-settings")
@needs_role("admin")
def use_settings() -> Response:
    number = selection_number()
    return _changed(
        lambda: service.use_settings(signed_in_user(), number=number),
        "From now on the settings decide: {0.pose_model} with the detector {0.detector}.",
    )


@blueprint.post("/speed")
@needs_role("admin")
def speed() -> Response:
    body = json_body()
    speeds = model_speeds.measure(signed_in_user(), analysis(), text_of(body, "role"), text_of(body, "name"))
    return jsonify(speeds=[_speed(one) for one in speeds])


def _shown_models() -> list[ShownModel]:
    actor = signed_in_user()
    entries, speeds, used = service.known(actor), model_speeds.kept_speeds(), service.selection().models
    others = other_actions(actor, entries)
    return [
        ShownModel(
            entry=entry,
            active=entry.name == (used.detector if entry.role == "detector" else used.pose_model),
            speeds=speeds.get((entry.role, entry.name), ()),
            other_actions=others.get(entry.name) if entry.role == "pose" else None,
        )
        for entry in entries
    ]


def other_actions(actor: User, entries: Sequence[ModelEntry] | None = None) -> Mapping[str, int]:
    """By pose model, how many actions were recorded with keypoints that it does not find; empty for who may not know.

    entries: what service.known answers, where it is at hand.
    """
    if not actor.may_act_as("admin"):
        return {}
    return service.actions_with_other_keypoints(actor, service.known(actor) if entries is None else entries)


def _wanted(key: str) -> str | None:
    return optional_text_of(json_body(), key) if request.is_json else request.form.get(key) or None


def selection_number() -> int | None:
    """Of the selection that the page showed, so that nobody overrules what they have not seen."""
    if request.is_json:
        body = json_body()
        return None if body.get("number") is None else whole_of(body, "number")
    text = request.form.get("number", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise BodyError(f"number must be a whole number, got {text!r:.40}")
    return int(text)


def changed_or_told(change: Callable[[], Selection], page: str) -> Selection | Response:
    """What a change leads to; for a form that is refused the way back to its page, which says why and what is used."""
    try:
        return change()
    except InvalidInputError as error:
        if wants_json():
            raise
        flash(sentence(str(error)), "danger")
        return redirect(url_for(page))


def _changed(change: Callable[[], Selection], message: str) -> Response:
    now = changed_or_told(change, "models.index")
    if isinstance(now, Response):
        return now
    if wants_json():
        return jsonify(_selection(now))
    flash(message.format(now.models), "success")
    return redirect(url_for("models.index"))


def _selection(now: Selection) -> dict[str, object]:
    return {
        "number": now.number,
        "active": _choice(now.models),
        "from_settings": now.from_settings,
        "before": now.before and _choice(now.before),
    }


def _choice(models: ModelChoice) -> dict[str, object]:
    return {"detector": models.detector, "pose_model": models.pose_model}


def _model(model: ShownModel, may_change: bool) -> dict[str, object]:
    entry, skeleton = model.entry, model.entry.skeleton
    return {
        "role": entry.role,
        "name": entry.name,
        "title": entry.title,
        "purpose": entry.purpose,
        "state": entry.state,
        "active": model.active,
        "own": entry.own,
        "size_bytes": entry.size_bytes,
        "licence": entry.licence,
        "permits": entry.permits,
        "remedy": entry.remedy if may_change else None,  # names folders of this machine
        "approach": entry.approach,
        "subject": entry.subject,
        "uses_detector": entry.uses_detector,
        "skeleton": skeleton and skeleton.name,
        "keypoints": skeleton and len(skeleton.keypoints),
        "speeds": [_speed(speed) for speed in model.speeds],
        "other_actions": model.other_actions,
    }


def _speed(speed: ModelSpeed) -> dict[str, object]:
    return {"runtime": speed.runtime, "ms": round(speed.ms, 2), "measured_at": speed.measured_at.isoformat()}
