"""The pages in front of the camera; what happens on them comes over the socket."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.services import models
from webapp.services.actions import list_actions
from webapp.vision.catalogue import ModelEntry
from webapp.web.access import public, signed_in, signed_in_user
from webapp.web.headers import let_frame_run_mediapipe

SAMPLE_CLIP = "samples/demo.mp4"
MEDIAPIPE = "vendor/mediapipe-pose"
MEDIAPIPE_FILES = (
    "pose.js",
    "pose_landmark_full.tflite",
    "pose_landmark_lite.tflite",
    "pose_solution_packed_assets.data",
    "pose_solution_packed_assets_loader.js",
    "pose_solution_simd_wasm_bin.data",
    "pose_solution_simd_wasm_bin.js",
    "pose_solution_simd_wasm_bin.wasm",
    "pose_solution_wasm_bin.js",
    "pose_solution_wasm_bin.wasm",
    "pose_web.binarypb",
)
"""What MediaPipe loads by name in the browser."""

blueprint = Blueprint("live", __name__)


@blueprint.get("/")
@public
def start() -> Response:
    return redirect(url_for("live.live"))


@blueprint.get("/live/")
@signed_in
def live() -> str:
    names = _action_names()
    return render_template(
        "live/live.html", sample_url=_sample_url(), action_names=names, action_count=len(names), **session_models()
    )


@blueprint.get("/live/on-device")
@signed_in
def on_device() -> Response:
    """What finds poses in the visitor's own browser, for a frame in the pages live and record."""
    files = {name: url_for("static", filename=f"{MEDIAPIPE}/{name}") for name in MEDIAPIPE_FILES}
    response = make_response(render_template("live/on_device.html", files=files))
    let_frame_run_mediapipe(response)
    return response


@blueprint.get("/record/")
@signed_in
def record() -> str:
    """The recording page; ?action=NAME fills in the name."""
    name = request.args.get("action", "")
    return render_template(
        "record/record.html",
        sample_url=_sample_url(),
        action_names=_action_names(),
        action_name=name,
        **session_models(),
    )


@blueprint.get("/healthz")
@public
def health() -> dict[str, str]:
    """The process answers; says nothing of the database or the workers."""
    return {"status": "ok"}


def session_models() -> dict[str, list[ModelEntry]]:
    """What a page with a stage offers for its session: `detectors` and `pose_models`."""
    entries = models.installed(signed_in_user())
    return {
        "detectors": [entry for entry in entries if entry.role == "detector"],
        "pose_models": [entry for entry in entries if entry.role == "pose"],
    }


def _action_names() -> list[str]:
    return [action.name for action in list_actions(signed_in_user())]


def _sample_url() -> str | None:
    """Address of the sample clip where the set-up fetched it."""
    if not Path(str(current_app.static_folder), SAMPLE_CLIP).is_file():
        return None
    return url_for("static", filename=SAMPLE_CLIP)
