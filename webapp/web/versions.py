"""Versions of a dataset and its statistics, as JSON for the pages that show them."""

from __future__ import annotations

from flask import Blueprint, jsonify, make_response, request
from werkzeug.wrappers import Response

from webapp.services import dataset_statistics, version_comparison
from webapp.services import dataset_versions as service
from webapp.services.dataset_versions import ShownVersion
from webapp.services.version_comparison import Difference, Side
from webapp.web.access import signed_in, signed_in_user
from webapp.web.bodies import BodyError, json_body, optional_text_of
from webapp.web.samples import thumbnail_url

blueprint = Blueprint("versions", __name__, url_prefix="/datasets/<dataset_id>")
NOW = "now"


@blueprint.get("/versions.json")
@signed_in
def index(dataset_id: str) -> Response:
    """The newest first."""
    return jsonify(versions=[_shown(one) for one in service.list_versions(signed_in_user(), dataset_id)])


@blueprint.post("/versions")
@signed_in
def make(dataset_id: str) -> Response:
    """What is there now, with {note}; the newest version where nothing has changed since."""
    note = optional_text_of(json_body(), "note") or ""
    return make_response(jsonify(_shown(service.make_version(signed_in_user(), dataset_id, note))), 201)


@blueprint.get("/versions/<int:number>/compare")
@signed_in
def compare(dataset_id: str, number: int) -> Response:
    """With another version, or with what is there now: ?with=3 or ?with=now."""
    text = request.args.get("with") or NOW
    if text != NOW and not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise BodyError(f"with must be a version's number or {NOW}, got {text!r:.40}")
    other = None if text == NOW else int(text)
    found = version_comparison.compare(signed_in_user(), dataset_id, _number(number), other)
    counts = {"added": found.added, "removed": found.removed, "changed": found.changed, "unchanged": found.unchanged}
    return jsonify({**counts, "samples": [_difference(one) for one in found.samples]})


@blueprint.post("/versions/<int:number>/restore")
@signed_in
def restore(dataset_id: str, number: int) -> Response:
    """Answers the number of the version that what was there before is kept as."""
    return jsonify(kept_as=service.restore(signed_in_user(), dataset_id, _number(number)).number)


@blueprint.get("/statistics.json")
@signed_in
def statistics(dataset_id: str) -> Response:
    found = dataset_statistics.statistics(signed_in_user(), dataset_id)
    numbers = found.labels
    named = zip(found.keypoints, numbers.by_visibility.tolist(), strict=True)
    bones = [
        {"from": bone.start, "to": bone.end, "low": bone.low, "median": bone.median, "high": bone.high}
        for bone in numbers.bones
    ]
    return jsonify(
        samples=found.samples,
        pictures=found.pictures,
        by_state=found.by_state,
        by_source=found.by_source,
        by_split=found.by_split,
        people=[{"name": name, "samples": count} for name, count in found.people],
        keypoints=[
            {"name": name, "absent": absent, "hidden": hidden, "visible": visible}
            for name, (absent, hidden, visible) in named
        ],
        positions={"side": dataset_statistics.SIDE, "counts": numbers.positions.tolist()},
        confidence_histogram=found.confidence,
        bones=bones,
    )


def _number(number: int) -> int:
    """Too large a number for the database is no version's."""
    return min(number, 2**31 - 1)


def _shown(shown: ShownVersion) -> dict[str, object]:
    version = shown.version
    return {
        "number": version.number,
        "reason": version.reason,
        "note": version.note,
        "made_by": shown.made_by,
        "made_at": version.made_at.isoformat(),
        "samples": shown.samples,
    }


def _difference(one: Difference) -> dict[str, object]:
    return {
        "kind": one.kind,
        "sample_id": one.sample.id,
        "position": one.sample.position,
        "file_name": one.sample.picture.file_name,
        "thumbnail_url": thumbnail_url(one.sample),
        "before": _side(one.before),
        "after": _side(one.after),
    }


def _side(side: Side | None) -> dict[str, object] | None:
    if side is None:
        return None
    return {
        "revision": side.revision,
        "state": side.state,
        "person": side.person,
        "split": side.split,
        "points": side.points,
    }
