"""Training runs: the lists, starting one, how it goes on and what came of it, several beside each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import ceil
from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from webapp.core.errors import NotFoundError, sentence
from webapp.core.skeleton_json import skeleton_to_json
from webapp.db.accounts import User
from webapp.db.datasets import Dataset
from webapp.db.runs import TrainingRun
from webapp.services import augmentation_preview, dataset_jobs, model_versions, models, run_comparison, runs
from webapp.services.dataset_access import dataset_for, level_of, skeleton_of
from webapp.services.datasets import list_datasets
from webapp.services.run_outlook import outlook
from webapp.training.config import LOSSES, RunSettings, run_settings
from webapp.web import run_form, run_json
from webapp.web.access import signed_in, signed_in_user
from webapp.web.answers import wants_json
from webapp.web.bodies import BodyError, json_body, page_of, text_of, value_of
from webapp.web.models import other_actions

blueprint = Blueprint("runs", __name__)
NAME_CHARACTERS = 80
ON_A_PAGE = 40
"""Runs of a list."""


@blueprint.get("/runs/")
@signed_in
def index() -> str | AnyResponse:
    """Of every dataset that one may look at."""
    return _list(None)


@blueprint.get("/datasets/<dataset_id>/runs/")
@signed_in
def of_dataset(dataset_id: str) -> str | AnyResponse:
    return _list(dataset_for(signed_in_user(), dataset_id, "look"))


@blueprint.get("/datasets/<dataset_id>/runs/new")
@signed_in
def new(dataset_id: str) -> str:
    """?like=RUN: with the settings of that run."""
    actor = signed_in_user()
    dataset = dataset_for(actor, dataset_id, "edit")
    like = request.args.get("like")
    before = runs.run_for(actor, like) if like else None
    teachers = dataset_jobs.teachers(actor, dataset)
    usual = RunSettings(teacher=dataset_jobs.usual_teacher(dataset, teachers))
    settings = usual if before is None else runs.settings_of(before)
    return render_template(
        "runs/new.html",
        dataset=dataset,
        level=level_of(actor, dataset),
        name=_next_name(before, dataset_id),
        settings=settings.as_json(),
        like=before,
        outlook=asdict(outlook(actor, dataset_id, settings)),
        teachers=teachers,
        form=run_form,
        losses=LOSSES,
    )


@blueprint.post("/datasets/<dataset_id>/runs")
@signed_in
def create(dataset_id: str) -> AnyResponse:
    """{name, settings}. A refusal has {faults}: all that is wrong, each with its field."""
    body = json_body()
    name, raw = text_of(body, "name"), _object_of(body, "settings")
    if faults := run_form.faults(name, raw):
        return _refused(faults)
    run = runs.ask_run(signed_in_user(), dataset_id, name, run_settings(raw))
    return make_response(jsonify(run_id=run.id, run_url=url_for("runs.detail", run_id=run.id)), 201)


@blueprint.post("/datasets/<dataset_id>/runs/outlook")
@signed_in
def outlook_of(dataset_id: str) -> AnyResponse:
    """What speaks against a run with these settings, of which any may be left out; refused as a run is."""
    actor, raw = signed_in_user(), json_body()
    dataset_for(actor, dataset_id, "edit")
    if faults := run_form.setting_faults(raw):
        return _refused(faults)
    return jsonify(asdict(outlook(actor, dataset_id, run_settings(raw))))


@blueprint.post("/datasets/<dataset_id>/runs/preview")
@signed_in
def preview(dataset_id: str) -> AnyResponse:
    """Some of the dataset's pictures as these settings change them, of which any may be left out: a PNG."""
    raw = json_body()
    if faults := run_form.setting_faults(raw):
        return _refused(faults)
    settings = run_settings(raw)
    return Response(augmentation_preview.preview(signed_in_user(), dataset_id, settings), mimetype="image/png")


@blueprint.get("/runs/compare")
@signed_in
def compare() -> str:
    """Several beside each other: ?run=A&run=B. One that was deleted since it was chosen is left out, and named gone."""
    actor = signed_in_user()
    wanted = list(dict.fromkeys(request.args.getlist("run")))
    run_comparison.require_count(len(wanted))
    found, gone = _those_there(actor, wanted)
    metrics = [runs.metrics_of(run) for run in found]
    settings = [runs.settings_of(run) for run in found]
    apart = run_comparison.apart([_held(run) for run in found])
    return render_template(
        "runs/compare.html",
        runs=found,
        gone=gone,
        datasets=_datasets_of(found),
        settings=run_comparison.differing(settings),
        same_loss=run_comparison.same_loss(settings),
        apart=apart,
        overall=run_comparison.overall(metrics, [run.best_pck for run in found], apart is None),
        keypoints=run_comparison.by_keypoint(metrics, apart is None),
        form=run_form,
    )


@blueprint.get("/runs/<run_id>")
@signed_in
def detail(run_id: str) -> str | AnyResponse:
    actor = signed_in_user()
    run = runs.run_for(actor, run_id)
    if wants_json():
        return jsonify(run_json.whole(run))
    dataset = dataset_for(actor, run.dataset_id, "look")
    level, versions = level_of(actor, dataset), model_versions.versions_of_run(run_id)
    return render_template(
        "runs/detail.html",
        run=run,
        dataset=dataset,
        level=level,
        may_register=actor.may_act_as("admin"),
        skeleton=skeleton_to_json(skeleton_of(dataset)),
        settings=runs.settings_of(run).as_json(),
        metrics=runs.metrics_of(run),
        data=runs.data_of(run) or {},
        usage=runs.usage_of(run) or {},
        files=run_json.files_of(run, level in {"edit", "own"}),
        asked_by=dataset_jobs.asked_by([run.job]),
        versions=versions,
        now=models.selection(),
        others=other_actions(actor) if versions else {},
        suggested=_model_name(dataset.name),
        sentence=sentence,
        form=run_form,
    )


@blueprint.get("/runs/<run_id>/progress")
@signed_in
def progress(run_id: str) -> AnyResponse:
    """What is new since an epoch: ?after=12."""
    actor, after = signed_in_user(), request.args.get("after", "0")
    if not (after.isascii() and after.isdecimal() and len(after) <= 9):
        raise BodyError(f"after must be the number of an epoch, got {after!r:.40}")
    return jsonify(run_json.progress(runs.run_for(actor, run_id), int(after)))


@blueprint.post("/runs/<run_id>/cancel")
@signed_in
def cancel(run_id: str) -> AnyResponse:
    actor = signed_in_user()
    run = runs.cancel_run(actor, run_id)
    if wants_json():
        return jsonify(run_json.progress(run, run.epoch))
    return redirect(url_for("runs.detail", run_id=run_id))


@blueprint.post("/runs/<run_id>/delete")
@signed_in
def delete(run_id: str) -> AnyResponse:
    actor = signed_in_user()
    run = runs.run_for(actor, run_id)
    name, url = run.name, url_for("runs.of_dataset", dataset_id=run.dataset_id)
    runs.delete_run(actor, run_id)
    flash(f"The run {name} is deleted.", "success")
    return jsonify(url=url) if wants_json() else redirect(url)


@blueprint.get("/runs/<run_id>/files/<path:name>")
@signed_in
def file(run_id: str, name: str) -> AnyResponse:
    """history.csv, log.txt, tensorboard.zip, best.keras, predictions.json, or one of exports/."""
    path = runs.run_file(signed_in_user(), run_id, name)
    return send_file(path, as_attachment=True, download_name=path.name, max_age=0)


def _refused(faults: Sequence[run_form.Fault]) -> AnyResponse:
    told = " ".join(fault.error for fault in faults)
    return make_response(jsonify(error=told, faults=[asdict(fault) for fault in faults]), 422)


def _list(dataset: Dataset | None) -> str | AnyResponse:
    actor = signed_in_user()
    everything = runs.runs_of(actor, None if dataset is None else dataset.id)
    pages = max(1, ceil(len(everything) / ON_A_PAGE))
    page = min(max(page_of(request.args), 1), pages)
    found = everything[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    shown = [run_json.summary(run) for run in found]
    if wants_json():
        return jsonify(runs=shown, page=page, pages=pages, total=len(everything))
    level = None if dataset is None else level_of(actor, dataset)
    startable = [one.dataset for one in list_datasets(actor) if one.level in {"edit", "own"}] if dataset is None else ()
    return render_template(
        "runs/index.html",
        dataset=dataset,
        level=level,
        runs=list(zip(found, shown, strict=True)),
        datasets=_datasets_of(found),
        startable=startable,
        asked_by=dataset_jobs.asked_by([run.job for run in found]),
        form=run_form,
        most=run_comparison.MOST,
        number=page,
        pages=pages,
        total=len(everything),
    )


def _those_there(actor: User, wanted: Sequence[str]) -> tuple[list[TrainingRun], list[str]]:
    """The runs, and the ids of those that are gone. NotFoundError where too few are left to compare."""
    found: list[TrainingRun] = []
    gone: list[str] = []
    for run_id in wanted:
        try:
            found.append(runs.run_for(actor, run_id))
        except NotFoundError:
            if len(wanted) - len(gone) == run_comparison.FEWEST:
                raise
            gone.append(run_id)
    return found, gone


def _held(run: TrainingRun) -> run_comparison.Held:
    samples = (runs.data_of(run) or {}).get("samples")
    return run_comparison.Held(run.dataset_id, run.version_id, runs.settings_of(run), samples)


def _datasets_of(found: Sequence[TrainingRun]) -> dict[str, Dataset]:
    actor = signed_in_user()
    return {each: dataset_for(actor, each, "look") for each in {run.dataset_id for run in found}}


def _next_name(before: TrainingRun | None, dataset_id: str) -> str:
    return runs.free_name(dataset_id) if before is None else f"{before.name[: NAME_CHARACTERS - 7]}, again"


def _model_name(text: str) -> str:
    """Of a dataset's name what may be in a model's."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:24].strip("-") or "model"


def _object_of(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = value_of(body, key)
    if not isinstance(value, dict):
        raise BodyError(f"{key} must be an object, got {value!r:.60}")
    return value
