"""Versions of trained models: the register of them, registering a run's, using one, removing one."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, flash, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.core.errors import sentence
from webapp.db.runs import ModelVersion
from webapp.services import model_versions as service
from webapp.services import models
from webapp.services.model_versions import ShownModelVersion
from webapp.web import run_form
from webapp.web.access import needs_role, signed_in, signed_in_user
from webapp.web.answers import wants_json
from webapp.web.bodies import json_body, optional_text_of, text_of
from webapp.web.models import changed_or_told, other_actions, selection_number

blueprint = Blueprint("model_versions", __name__, url_prefix="/models/versions")


@blueprint.get("/")
@signed_in
def index() -> str | Response:
    """By name, the newest first."""
    actor = signed_in_user()
    shown = service.list_versions(actor)
    if wants_json():
        return jsonify(versions=[_shown(one) for one in shown])
    by_name = {name: list(of_name) for name, of_name in groupby(shown, lambda one: one.version.name)}
    return render_template(
        "model_versions/index.html",
        by_name=by_name,
        facts={one.version.id: _facts(one.version) for one in shown},
        now=models.selection(),
        others=other_actions(actor),
        may_change=actor.may_act_as("admin"),
        form=run_form,
        sentence=sentence,
    )


@blueprint.post("")
@needs_role("admin")
def register() -> Response:
    """{run_id, name, form, note}."""
    body = json_body() if request.is_json else request.form
    note = optional_text_of(body, "note") or ""
    version = service.register(
        signed_in_user(), text_of(body, "run_id"), text_of(body, "name"), text_of(body, "form"), note
    )
    if not wants_json():
        flash(f"{version.pose_model} is registered.", "success")
        return redirect(url_for("model_versions.index", _anchor=version.pose_model))
    return make_response(jsonify(version_id=version.id, number=version.number, pose_model=version.pose_model), 201)


@blueprint.post("/<version_id>/activate")
@needs_role("admin")
def activate(version_id: str) -> Response:
    number = selection_number()
    now = changed_or_told(lambda: service.activate(signed_in_user(), version_id, number), "model_versions.index")
    if isinstance(now, Response):
        return now
    if wants_json():
        return jsonify(pose_model=now.models.pose_model, number=now.number)
    flash(f"From now on {now.models.pose_model} is used.", "success")
    return redirect(url_for("model_versions.index"))


@blueprint.post("/<version_id>/remove")
@needs_role("admin")
def remove(version_id: str) -> Response:
    service.remove(signed_in_user(), version_id)
    if wants_json():
        return jsonify(removed=version_id)
    flash("The version is removed. Its number is not given again.", "success")
    return redirect(url_for("model_versions.index"))


def _facts(version: ModelVersion) -> dict[str, object]:
    """What its copies of settings and metrics say, as the page shows it."""
    return {"settings": service.settings_of(version), "metrics": service.metrics_of(version)}


def _shown(one: ShownModelVersion) -> dict[str, object]:
    version = one.version
    return {
        "version_id": version.id,
        "name": version.name,
        "number": version.number,
        "pose_model": version.pose_model,
        "form": version.form,
        "active": one.active,
        "usable": one.usable,
        "run_id": version.run_id,
        "run_name": version.run_name,
        "dataset": version.dataset,
        "dataset_version": version.dataset_version,
        **_facts(version),
        "code_version": version.code_version,
        "note": version.note,
        "made_by": one.made_by,
        "made_at": version.made_at.isoformat(),
    }
