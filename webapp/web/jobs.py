"""Jobs: what runs, how far it is, what it found; and starting those of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    stream_with_context,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from webapp.datasets.records import Finding
from webapp.db.datasets import SAMPLE_STATES
from webapp.db.jobs import Job
from webapp.services import dataset_jobs, jobs
from webapp.services.dataset_access import Need, dataset_for, level_of
from webapp.services.job_reports import csv_lines
from webapp.services.jobs import FindingCounts
from webapp.web.access import signed_in, signed_in_user
from webapp.web.answers import wants_json
from webapp.web.bodies import BodyError, json_body, number_of, optional_text_of, text_of, value_of, whole_of

blueprint = Blueprint("jobs", __name__)

TITLES = {
    "import": "Import",
    "propose": "Labels proposed by a model",
    "curate": "Outliers and duplicates",
    "export": "Export",
    "train": "Training run",
}
FACTS = {
    "format": "Format",
    "session": "Session",
    "every_frames": "Every so many frames",
    "pose_change": "Where the pose changes by",
    "one_person": "The largest person only",
    "label_with": "Then labelled by",
    "pose_model": "Model",
    "states": "States",
    "min_score": "Visible from",
    "version": "Version",
    "side_px": "Side in pixels",
}
"""Parameters that a page shows, by their names."""
FINDINGS_SHOWN = 100
GIVEN_IN_FORMS = {
    "min_score": "the certainty from which on a keypoint is visible",
    "side_px": "the side of the pictures",
}
"""Numbers that a form has to give, as its page calls them."""


def job_url(job: Job) -> str:
    """The page of a job; of a training run, that of the run."""
    run_id = jobs.parameters_of(job).get("run_id") if job.kind == "train" else None
    return url_for("runs.detail", run_id=run_id) if run_id else url_for("jobs.detail", job_id=job.id)


@blueprint.get("/datasets/<dataset_id>/jobs")
@signed_in
def index(dataset_id: str) -> str | AnyResponse:
    actor = signed_in_user()
    dataset, found = dataset_for(actor, dataset_id, "look"), jobs.jobs_of(actor, dataset_id)
    counts = jobs.finding_counts([job.id for job in found])
    if wants_json():
        return jsonify(jobs=[_job(job, level_of(actor, dataset), counts[job.id]) for job in found])
    return render_template(
        "jobs/index.html",
        dataset=dataset,
        level=level_of(actor, dataset),
        titles=TITLES,
        job_url=job_url,
        jobs=found,
        counts=counts,
        asked_by=dataset_jobs.asked_by(found),
        teachers=dataset_jobs.teachers(actor, dataset),
        versions=dataset_jobs.version_numbers(actor, dataset_id),
        states=SAMPLE_STATES,
        side_px=dataset_jobs.SIDE_PX,
    )


@blueprint.post("/datasets/<dataset_id>/propose")
@signed_in
def propose(dataset_id: str) -> AnyResponse:
    body = _body("states", min_score=float)
    return _begun(
        dataset_jobs.ask_propose(
            signed_in_user(),
            dataset_id,
            text_of(body, "pose_model"),
            _texts_of(body, "states", ("unlabelled",)),
            0.5 if body.get("min_score") is None else number_of(body, "min_score"),
        )
    )


@blueprint.post("/datasets/<dataset_id>/curate")
@signed_in
def curate(dataset_id: str) -> AnyResponse:
    body = _body()
    return _begun(dataset_jobs.ask_curate(signed_in_user(), dataset_id, optional_text_of(body, "pose_model")))


@blueprint.post("/datasets/<dataset_id>/exports")
@signed_in
def export(dataset_id: str) -> AnyResponse:
    body = _body("states", version=int, side_px=int)
    return _begun(
        dataset_jobs.ask_export(
            signed_in_user(),
            dataset_id,
            text_of(body, "format"),
            None if body.get("version") is None else whole_of(body, "version"),
            states=_texts_of(body, "states", ("reviewed",)),
            side_px=128 if body.get("side_px") is None else whole_of(body, "side_px"),
        )
    )


@blueprint.get("/jobs/<job_id>")
@signed_in
def detail(job_id: str) -> str | AnyResponse:
    actor = signed_in_user()
    job = jobs.job_for(actor, job_id)
    dataset = dataset_for(actor, job.dataset_id or "", "look")
    if wants_json():
        shown = _job(job, level_of(actor, dataset), jobs.finding_counts([job_id])[job_id])
        lines = jobs.findings_of(actor, job_id, FINDINGS_SHOWN) if jobs.has_ended(job) else ()
        return jsonify(**shown, waiting_before=dataset_jobs.waiting_before(job), lines=[_line(line) for line in lines])
    return render_template(
        "jobs/detail.html",
        dataset=dataset,
        level=level_of(actor, dataset),
        title=TITLES[job.kind],
        job=job,
        run_url=job_url(job) if job.kind == "train" else None,
        facts=_facts(job),
        asked_by=dataset_jobs.asked_by([job]),
    )


@blueprint.post("/jobs/<job_id>/cancel")
@signed_in
def cancel(job_id: str) -> AnyResponse:
    job = jobs.cancel_job(signed_in_user(), job_id)
    if wants_json():
        return jsonify(_job(job, "edit", jobs.finding_counts([job_id])[job_id]))
    return redirect(url_for("jobs.detail", job_id=job_id))


@blueprint.get("/jobs/<job_id>/report.csv")
@signed_in
def report(job_id: str) -> AnyResponse:
    """Every finding, line by line, however many there are."""
    lines = csv_lines(jobs.findings_of(signed_in_user(), job_id))
    answer = Response(stream_with_context(lines), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"report-{job_id[:8]}.csv")
    return answer


@blueprint.get("/jobs/<job_id>/file")
@signed_in
def file(job_id: str) -> AnyResponse:
    path = dataset_jobs.export_file(signed_in_user(), job_id)
    return send_file(path, as_attachment=True, download_name=path.name)


def _begun(job: Job) -> AnyResponse:
    url = url_for("jobs.detail", job_id=job.id)
    return make_response(jsonify(job_id=job.id, job_url=url), 202) if wants_json() else redirect(url)


def _facts(job: Job) -> list[tuple[str, str]]:
    """What was asked for, as a page shows it; without what was left open, except which version was to be packed."""
    parameters = jobs.parameters_of(job)
    if job.kind == "export":
        frozen = jobs.result_of(job).get("version")
        latest = "as it is when the job begins" if frozen is None else f"{frozen}, frozen for this export"
        parameters = {**parameters, "version": parameters.get("version") or latest}
        if parameters.get("format") != "npz":
            parameters = {**parameters, "side_px": None}  # only the squares of a training archive have one
    asked = {key: value for key, value in parameters.items() if key in FACTS and value not in (None, "")}
    return [(FACTS[key], _in_words(value)) for key, value in asked.items()]


def _in_words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _job(job: Job, level: Need | None, counts: FindingCounts) -> dict[str, object]:
    """level: what the person may do with the dataset, which decides what they are offered."""
    result, may_edit = jobs.result_of(job), level in {"edit", "own"}
    has_report, has_file = counts.refused + counts.noted > 0, may_edit and "file" in result
    return {
        "job_id": job.id,
        "kind": job.kind,
        "title": TITLES[job.kind],
        "dataset_id": job.dataset_id,
        "state": job.state,
        "cancelling": job.cancel_asked and not jobs.has_ended(job),
        "step": job.step,
        "done": jobs.done_of(job),
        "total": job.total,
        "message": job.message,
        "result": result,
        "findings": {"refused": counts.refused, "noted": counts.noted},
        "report_url": url_for("jobs.report", job_id=job.id) if has_report else None,
        "file_url": url_for("jobs.file", job_id=job.id) if has_file else None,
        "next_url": url_for("jobs.detail", job_id=result["next_job_id"]) if "next_job_id" in result else None,
        "again_url": _again_url(job) if may_edit else None,
        "dataset_url": url_for("curation.grid", dataset_id=job.dataset_id),
        "cancel_url": url_for("jobs.cancel", job_id=job.id) if may_edit and not jobs.has_ended(job) else None,
        "ended": jobs.has_ended(job),
    }


def _again_url(job: Job) -> str | None:
    """Where an import that has failed is tried once more."""
    if job.kind != "import" or job.state != "failed":
        return None
    page = "webcam" if jobs.parameters_of(job).get("source") == "webcam" else "upload"
    return url_for(f"collecting.{page}", dataset_id=job.dataset_id)


def _line(finding: Finding) -> dict[str, str]:
    return {"kind": finding.kind, "file_name": finding.file_name, "reason": finding.reason}


def _body(*lists: str, **numbers: Callable[[str], object]) -> Mapping[str, Any]:
    """What was sent: JSON, or a form, in which numbers are texts and what is left empty was not said.

    A form sends nothing of boxes of which none is ticked: that is an empty list, no wish for the default. BodyError
    for a number that is none, or empty where it has to be given.
    """
    if request.is_json:
        return json_body()
    body: dict[str, Any] = {name: text for name, text in request.form.items() if text}
    body |= {name: request.form.getlist(name) for name in lists}
    emptied = next((title for name, title in GIVEN_IN_FORMS.items() if request.form.get(name) == ""), None)
    if emptied is not None:
        raise BodyError(f"{emptied} is empty; go back and enter a number")
    for name in numbers.keys() & body.keys():
        try:
            body[name] = numbers[name](body[name])
        except ValueError as error:
            raise BodyError(f"{name} must be a number, got {body[name]!r:.60}") from error
    return body


def _texts_of(body: Mapping[str, Any], key: str, default: Sequence[str]) -> Sequence[str]:
    if body.get(key) is None:
        return default
    value = value_of(body, key)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BodyError(f"{key} must be a list of texts, got {value!r:.60}")
    return value
