"""Samples of a dataset: the pictures themselves, their labels, the queue of what is to be reviewed. All of it JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, jsonify, make_response, request, send_file, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from webapp.core.errors import NotFoundError
from webapp.core.records import Box
from webapp.datasets.picture_store import PictureStore, store_of
from webapp.datasets.records import Label
from webapp.datasets.thumbnails import thumbnails_beside
from webapp.db.datasets import Sample
from webapp.services import label_queue, labels, sample_edits
from webapp.services import samples as service
from webapp.services.label_json import box_to_json, label_to_json
from webapp.services.samples import SampleFilter, ShownSample
from webapp.web.access import signed_in, signed_in_user
from webapp.web.bodies import BodyError, json_body, optional_text_of, text_of
from webapp.web.errors import sentence_of
from webapp.web.headers import YEAR_S

blueprint = Blueprint("samples", __name__, url_prefix="/datasets/<dataset_id>")
MIMETYPES = {"jpg": "image/jpeg", "png": "image/png"}
MAX_TEXT = 200
MAX_VALUES = 500
_KEYS = ("state", "person", "source", "session", "pose_group", "split", "outlier", "text")


@blueprint.get("/samples")
@signed_in
def index(dataset_id: str) -> Response:
    query = request.args
    wanted = _filter({key: query.getlist(key) for key in _KEYS})
    offset, limit = _whole(query, "offset", 0), _whole(query, "limit", 100)
    order = query.get("order") or "position"
    page = service.list_samples(signed_in_user(), dataset_id, wanted, order, offset=offset, limit=limit)
    shown = [shown_sample(one) for one in page.samples]
    return jsonify(total=page.total, offset=page.offset, change_number=page.change_number, samples=shown)


@blueprint.get("/samples/<sample_id>")
@signed_in
def detail(dataset_id: str, sample_id: str) -> Response:
    return jsonify(_with_labels([service.find_sample(signed_in_user(), dataset_id, sample_id)])[0])


@blueprint.get("/queue")
@signed_in
def queue(dataset_id: str) -> Response:
    """What is to be reviewed next; it is theirs who asked for five minutes."""
    query = request.args
    count, order = _whole(query, "count", 5), query.get("order") or "unsure"
    found = label_queue.next_to_review(signed_in_user(), dataset_id, count, query.get("after") or None, order)
    return jsonify(left=found.left, samples=_with_labels(found.samples))


@blueprint.put("/samples/<sample_id>/label")
@signed_in
def save_label(dataset_id: str, sample_id: str) -> Response:
    try:
        saved = labels.save_label(signed_in_user(), dataset_id, sample_id, json_body())
    except labels.LabelConflictError as conflict:
        theirs = _with_labels([conflict.theirs])[0]
        return make_response(jsonify(error=sentence_of(conflict), theirs=theirs), 409)
    return jsonify(_with_labels([saved])[0])


@blueprint.get("/samples/<sample_id>/revisions")
@signed_in
def revisions(dataset_id: str, sample_id: str) -> Response:
    """Every label that the sample had, the newest first."""
    found = labels.past_labels(signed_in_user(), dataset_id, sample_id)
    return jsonify(
        revisions=[
            {
                "revision": past.revision,
                "state": past.state,
                "origin": past.origin,
                "author": past.author,
                "made_at": past.made_at.isoformat(),
                "box_px": box_to_json(past.box),
                "keypoints": label_to_json(past.label),
            }
            for past in found
        ]
    )


@blueprint.post("/samples/edit")
@signed_in
def edit(dataset_id: str) -> Response:
    body = json_body()
    if ("sample_ids" in body) == ("filter" in body):
        raise BodyError("name either sample_ids or filter")
    which = _texts("sample_ids", body["sample_ids"]) if "sample_ids" in body else _body_filter(body["filter"])
    action, value = text_of(body, "action"), optional_text_of(body, "value")
    return jsonify(changed=sample_edits.edit_samples(signed_in_user(), dataset_id, which, action, value))


@blueprint.get("/pictures/<picture_id>/file")
@signed_in
def picture_file(dataset_id: str, picture_id: str) -> Response:
    picture = service.find_picture(signed_in_user(), dataset_id, picture_id)
    path = _store().path(picture.sha256, picture.suffix)
    return _picture(path, MIMETYPES[picture.suffix], picture.sha256)


@blueprint.get("/samples/<sample_id>/thumbnail")
@signed_in
def thumbnail(dataset_id: str, sample_id: str) -> Response:
    """Made now where it is not there."""
    sample = service.find_any_sample(signed_in_user(), dataset_id, sample_id)
    picture, box = sample.picture, _box(sample)
    path = thumbnails_beside(_store()).ready(picture.sha256, picture.suffix, box)
    return _picture(path, MIMETYPES["jpg"], path.stem)


def shown_sample(shown: ShownSample) -> dict[str, object]:
    sample, picture = shown.sample, shown.sample.picture
    person = None if sample.person_id is None else {"person_id": sample.person_id, "name": shown.person}
    url = url_for("samples.picture_file", dataset_id=sample.dataset_id, picture_id=picture.id, v=picture.sha256[:12])
    return {
        "sample_id": sample.id,
        "position": sample.position,
        "picture_id": picture.id,
        "file_name": picture.file_name,
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "box_px": box_to_json(_box(sample)),
        "state": sample.state,
        "split": sample.split,
        "person": person,
        "revision": sample.revision,
        "teacher": sample.teacher,
        "confidence": sample.confidence,
        "bone_error": sample.bone_error,
        "disagreement": sample.disagreement,
        "pose_group": sample.pose_group,
        "duplicate_of": sample.duplicate_of,
        "source": picture.source,
        "session": picture.session,
        "labelled_by": shown.labelled_by,
        "labelled_at": None if sample.labelled_at is None else sample.labelled_at.isoformat(),
        "thumbnail_url": thumbnail_url(sample),
        "picture_url": url,
    }


def thumbnail_url(sample: Sample) -> str:
    """Another one for another label: its box may be another."""
    return url_for("samples.thumbnail", dataset_id=sample.dataset_id, sample_id=sample.id, v=sample.revision)


def _with_labels(shown: Sequence[ShownSample]) -> list[dict[str, object]]:
    found: Mapping[str, Label | None] = labels.labels_of([one.sample for one in shown])
    return [shown_sample(one) | {"keypoints": label_to_json(found[one.sample.id])} for one in shown]


def _picture(path: Path, mimetype: str, etag: str) -> Response:
    """The file, never stored by anybody between; for good where the address says which version it is."""
    try:
        response = send_file(path, mimetype, etag=etag)
    except FileNotFoundError as error:
        raise NotFoundError("this picture is not on the disk any more; import it again") from error
    lasting = f"private, max-age={YEAR_S}, immutable"
    response.headers["Cache-Control"] = lasting if "v" in request.args else "private, no-cache"
    return response


def _store() -> PictureStore:
    return store_of(current_app.config["MOVEPRINT_SETTINGS"])


def _box(sample: Sample) -> Box:
    return Box(sample.x1_px, sample.y1_px, sample.x2_px, sample.y2_px)


def _body_filter(value: Any) -> SampleFilter:
    if not isinstance(value, dict) or not set(value) <= set(_KEYS):
        raise BodyError(f"filter must be an object with some of {', '.join(_KEYS)}, got {value!r:.80}")
    return _filter({key: _texts(f"filter: {key}", value.get(key, [])) for key in _KEYS})


def _texts(what: str, value: Any) -> list[str]:
    """A list of texts; one text alone, or a number, is a list of one."""
    texts = value if isinstance(value, list) else [value]
    texts = [str(text) if type(text) is int else text for text in texts]
    if not all(isinstance(text, str) and "\0" not in text for text in texts):
        raise BodyError(f"{what} must be a list of texts, got {value!r:.80}")
    return texts


def _filter(values: Mapping[str, Sequence[str]]) -> SampleFilter:
    """An empty text is no condition. BodyError and InvalidInputError for values that are none."""
    chosen = {key: tuple(text for text in texts if text) for key, texts in values.items()}
    for key, texts in chosen.items():
        if len(texts) > MAX_VALUES:
            raise BodyError(f"{key} must be at most {MAX_VALUES} values, got {len(texts)}")
    text = " ".join(chosen["text"]).strip()
    if len(text) > MAX_TEXT:
        raise BodyError(f"text must be at most {MAX_TEXT} characters, got {len(text)}")
    return SampleFilter(
        states=chosen["state"],
        people=chosen["person"],
        sources=chosen["source"],
        sessions=chosen["session"],
        pose_groups=tuple(_number("pose_group", each) for each in chosen["pose_group"]),
        splits=chosen["split"],
        outliers=chosen["outlier"],
        text=text,
    )


def _whole(query: MultiDict[str, str], name: str, default: int) -> int:
    return _number(name, query[name]) if query.get(name) else default


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise BodyError(f"{name} must be a whole number, got {text!r:.40}")
    return int(text)
