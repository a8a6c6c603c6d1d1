"""Filling a dataset: webcam, videos, picture files and archives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, jsonify, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.core.skeleton import Skeleton
from webapp.datasets.picture_file import PICTURE_SUFFIXES
from webapp.datasets.uploads import DATASET_SUFFIXES, VIDEO_SUFFIXES
from webapp.services import dataset_jobs, import_drafts, imports, jobs, models, people
from webapp.services.dataset_access import dataset_for, level_of, skeleton_of
from webapp.services.import_wishes import ImportWishes
from webapp.services.imports import GapError, Piece
from webapp.web.access import signed_in, signed_in_user
from webapp.web.bodies import (
    BodyError,
    json_body,
    number_of,
    optional_flag_of,
    optional_id_of,
    optional_text_of,
    takes_pieces,
    text_of,
    value_of,
    whole_of,
)
from webapp.web.live import session_models

blueprint = Blueprint("collecting", __name__, url_prefix="/datasets/<dataset_id>")


@blueprint.get("/collect")
@signed_in
def webcam(dataset_id: str) -> str:
    return _page("collecting/webcam.html", dataset_id, from_webcam=True, **session_models())


@blueprint.get("/import")
@signed_in
def upload(dataset_id: str) -> str:
    suffixes = {"picture": PICTURE_SUFFIXES, "video": VIDEO_SUFFIXES, "dataset": DATASET_SUFFIXES}
    return _page("collecting/upload.html", dataset_id, from_webcam=False, suffixes=suffixes)


@blueprint.post("/imports")
@signed_in
def begin(dataset_id: str) -> Response:
    job = imports.begin_import(signed_in_user(), dataset_id, _wishes(json_body()))
    return make_response(jsonify(job_id=job.id), 201)


@blueprint.get("/imports/<job_id>")
@signed_in
def draft(dataset_id: str, job_id: str) -> Response:
    files = imports.files_of(signed_in_user(), dataset_id, job_id)
    shown = [{"name": f.name, "size_bytes": f.size_bytes, "received_bytes": f.received_bytes} for f in files]
    return jsonify(job_id=job_id, files=shown)


@blueprint.delete("/imports/<job_id>")
@signed_in
def discard(dataset_id: str, job_id: str) -> Response:
    imports.discard_import(signed_in_user(), dataset_id, job_id)
    return jsonify()


@blueprint.put("/imports/<job_id>/left-out")
@signed_in
@takes_pieces
def leave_out(dataset_id: str, job_id: str) -> Response:
    """{files: [{name, reason}]}: what the browser did not send, for the report."""
    files = value_of(json_body(), "files")
    if not isinstance(files, list) or not all(isinstance(each, dict) for each in files):
        raise BodyError(f"files must be a list of objects with name and reason, got {files!r:.60}")
    reasons = {text_of(each, "name"): text_of(each, "reason") for each in files}
    imports.note_left_out(signed_in_user(), dataset_id, job_id, reasons)
    return jsonify()


@blueprint.post("/imports/<job_id>/start")
@signed_in
def start(dataset_id: str, job_id: str) -> Response:
    job = imports.start_import(signed_in_user(), dataset_id, job_id)
    return make_response(jsonify(job_id=job.id, job_url=url_for("jobs.detail", job_id=job.id)), 202)


@blueprint.put("/imports/<job_id>/files/<path:name>")
@signed_in
@takes_pieces
def receive(dataset_id: str, job_id: str, name: str) -> Response:
    """The raw bytes of a piece; 409 with received_bytes where something before it is missing."""
    if request.content_length is None:
        raise BodyError("a piece must come with its length; send the header Content-Length")
    piece = Piece(name, _whole("size"), _whole("offset"), request.content_length)
    try:
        received = imports.receive_piece(signed_in_user(), dataset_id, job_id, piece, request.stream)
    except GapError as error:
        return make_response(jsonify(error=f"{error}.", received_bytes=error.received_bytes), 409)
    return jsonify(received_bytes=received)


@blueprint.delete("/imports/<job_id>/files/<path:name>")
@signed_in
def remove(dataset_id: str, job_id: str, name: str) -> Response:
    imports.remove_file(signed_in_user(), dataset_id, job_id, name)
    return jsonify()


def _page(template: str, dataset_id: str, *, from_webcam: bool, **more: Any) -> str:
    """A page that fills the dataset, with who may be named, which models may label, and what was not finished."""
    actor = signed_in_user()
    dataset = dataset_for(actor, dataset_id, "edit")
    drafts = [
        (draft, jobs.parameters_of(draft.job))
        for draft in import_drafts.drafts_of(actor, dataset_id)
        if (jobs.parameters_of(draft.job).get("source") == "webcam") == from_webcam
    ]
    return render_template(
        template,
        dataset=dataset,
        level=level_of(actor, dataset),
        skeleton=_skeleton(skeleton_of(dataset)),
        people=people.people_for(actor, dataset_id),
        consent=people.CONSENT,
        rights=people.RIGHTS,
        teachers=dataset_jobs.teachers(actor, dataset),
        teacher=models.selection().models.pose_model,
        limits=imports.limits(),
        in_units=imports.in_units,
        drafts=drafts,
        **more,
    )


def _skeleton(skeleton: Skeleton) -> Mapping[str, object]:
    return {"name": skeleton.name, "keypoints": skeleton.keypoints, "edges": skeleton.edge_indices}


def _wishes(body: Mapping[str, Any]) -> ImportWishes:
    return ImportWishes(
        session=text_of(body, "session"),
        source=optional_text_of(body, "source"),
        people=optional_text_of(body, "people") or "format",
        person_id=optional_id_of(body, "person_id"),
        person_name=optional_text_of(body, "person_name"),
        agreed=optional_flag_of(body, "agreed", False),
        rights=optional_flag_of(body, "rights", False),
        every_frames=None if body.get("every_frames") is None else whole_of(body, "every_frames"),
        pose_change=None if body.get("pose_change") is None else number_of(body, "pose_change"),
        one_person=optional_flag_of(body, "one_person", False),
        label_with=optional_text_of(body, "label_with"),
    )


def _whole(key: str) -> int:
    text = request.args.get(key, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise BodyError(f"{key} must be a whole number in the address, got {text!r:.40}")
    return int(text)
